//! `embed_migrations!`, without the wrapper that makes it work from every crate, and `#[lokstra::test]`: use
//! the [`lokstra`](https://docs.rs/lokstra) crate.

mod cache;
mod expand;
mod test;

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

/// Runs a test with migrated databases of its own as its parameters. With the feature `testing`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(arguments.into(), item.into()).into()
}

fn arguments(input: ParseStream<'_>) -> syn::Result<(proc_macro2::TokenStream, LitStr)> {
    let mut facade = proc_macro2::TokenStream::new();
    while !input.peek(syn::Token![;]) {
        facade.extend([input.parse::<TokenTree>()?]);
    }
    input.parse::<syn::Token![;]>()?;
    let wrong = "embed_migrations! takes a string literal: embed_migrations!(\"migrations\")";
    let folder: LitStr = input.parse().map_err(|error| syn::Error::new(error.span(), wrong))?;
    if std::path::Path::new(&folder.value()).is_absolute() {
        let wrong = "the path of the migrations is relative to the folder of Cargo.toml: \
                     embed_migrations!(\"migrations\")";
        return Err(syn::Error::new(folder.span(), wrong));
    }
    Ok((facade, folder))
}
