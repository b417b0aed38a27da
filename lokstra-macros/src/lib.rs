//! `embed_migrations!`, without the wrapper that makes it work from every crate, and `#[lokstra::test]`: use
//! the [`lokstra`](https://docs.rs/lokstra) crate.

mod cache;
mod expand;
mod test_attribute;

use proc_macro::TokenStream;
use proc_macro2::TokenTree;
use syn::LitStr;
use syn::parse::{ParseStream, Parser};

/// `embed!($crate; "migrations")`: a value of `$crate::Migrations`, or every problem as a compile
/// error.
#[doc(hidden)]
#[proc_macro]
pub fn embed(input: TokenStream) -> TokenStream {
    match arguments.parse(input) {
        Ok((facade, folder)) => expand::expand(&facade, &folder).into(),
        Err(error) => error.into_compile_error().into(),
    }
}

/// Runs a test with a migrated database of its own. With the feature `testing`.
///
/// The argument names the set, a `static` or `const` of type `Migrations`. The function takes its database as
/// `TestDatabase` or `&TestDatabase` of `lokstra::testing`, or as `&mut lokstra::postgres::Client`.
///
/// ```ignore
/// static MIGRATIONS: Migrations = embed_migrations!("migrations");
///
/// #[lokstra::test(MIGRATIONS)]
/// fn with_the_blocking_client(client: &mut Client) { /* … */ }
///
/// #[lokstra::test(MIGRATIONS, rows = "tests/rows/users.sql")]
/// async fn with_any_client(db: TestDatabase) { connect(db.url()).await; }
///
/// #[lokstra::test(MIGRATIONS, databases = ["01_main-db", "02_orders-db"])]
/// #[tokio::test(flavor = "multi_thread")]
/// async fn with_several(main: TestDatabase, orders: TestDatabase) { /* … */ }
/// ```
///
/// - `rows = "…"` or `rows = ["…", "…"]`: SQL files, relative to the folder of `Cargo.toml`, which are checked while the
///   test is compiled, and loaded after the migrations in one transaction.
/// - `database = "…"` or `databases = ["…", "…"]`: databases of a set of several, one for each parameter in their
///   order, by folder (`01_main-db`) or pool.
/// - `crate = path`: where the crate `lokstra` is.
///
/// An `async fn` runs on a current-thread runtime of tokio (feature `tokio`), or on that of another attribute that is
/// called `test`. `#[should_panic]`, `#[ignore]` and other attributes keep their meaning. A test returns nothing or a
/// `Result`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test_attribute::expand(arguments.into(), item.into()).into()
}

fn arguments(input: ParseStream<'_>) -> syn::Result<(proc_macro2::TokenStream, LitStr)> {
    let mut facade = proc_macro2::TokenStream::new();
    while !input.peek(syn::Token![;]) {
        facade.extend([input.parse::<TokenTree>()?]);
    }
    input.parse::<syn::Token![;]>()?;
    let wrong = "embed_migrations! expects a string literal: embed_migrations!(\"migrations\")";
    let folder: LitStr = input.parse().map_err(|error| syn::Error::new(error.span(), wrong))?;
    if std::path::Path::new(&folder.value()).is_absolute() {
        let wrong = "the path of the migrations is relative to the folder of Cargo.toml: \
                     embed_migrations!(\"migrations\")";
        return Err(syn::Error::new(folder.span(), wrong));
    }
    Ok((facade, folder))
}
