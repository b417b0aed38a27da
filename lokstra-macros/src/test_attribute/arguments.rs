//! What stands between the brackets of `#[lokstra::test(…)]`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token};

/// The arguments of the attribute.
pub(super) struct Arguments {
    /// The expression that is the set.
    pub(super) migrations: TokenStream,
    /// `database = "…"` or `databases = ["…", …]`.
    pub(super) databases: Vec<LitStr>,
    /// `rows = "…"` or `rows = ["…", …]`.
    pub(super) rows: Vec<LitStr>,
    /// `crate = …`, for a program that gives the crate another name.
    pub(super) facade: TokenStream,
}

const FORM: &str = "#[lokstra::test(MIGRATIONS)] names the set, which is a static: \
                    static MIGRATIONS: Migrations = embed_migrations!(\"migrations\");";

const OPTIONS: &str = "the options are rows = \"tests/rows/users.sql\", rows = [\"…\", \"…\"], \
                       database = \"01_main-db\" and databases = [\"…\", \"…\"]";

impl Arguments {
    pub(super) fn parse(tokens: TokenStream) -> syn::Result<Arguments> {
        if tokens.is_empty() {
            return Err(syn::Error::new(Span::call_site(), FORM));
        }
        (|input: ParseStream<'_>| Arguments::read(input)).parse2(tokens)
    }

    fn read(input: ParseStream<'_>) -> syn::Result<Arguments> {
        let is_option = input.peek(syn::Ident) && input.peek2(Token![=]);
        if is_option {
            return Err(input.error(FORM));
        }
        if input.peek(LitStr) {
            let help = "this is a path, and a test names a set: static MIGRATIONS: Migrations = \
                        embed_migrations!(\"migrations\"); and #[lokstra::test(MIGRATIONS)]";
            return Err(input.error(help));
        }
        let mut arguments = Arguments {
            migrations: TokenStream::new(),
            databases: Vec::new(),
            rows: Vec::new(),
            facade: quote!(::lokstra),
        };
        arguments.migrations = until_comma(input)?;
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            if input.peek(Token![crate]) {
                input.parse::<Token![crate]>()?;
                input.parse::<Token![=]>()?;
                arguments.facade = until_comma(input)?;
                continue;
            }
            let name: Ident =
                input.parse().map_err(|error| syn::Error::new(error.span(), OPTIONS))?;
            let into = match name.to_string().as_str() {
                "rows" => &mut arguments.rows,
                "database" | "databases" => &mut arguments.databases,
                _ => return Err(syn::Error::new(name.span(), OPTIONS)),
            };
            if !into.is_empty() {
                return Err(syn::Error::new(
                    name.span(),
                    "this option stands here twice: write a list",
                ));
            }
            let value = input.parse::<Token![=]>().and_then(|_| texts(input));
            *into = value.map_err(|error| syn::Error::new(error.span(), OPTIONS))?;
        }
        Ok(arguments)
    }
}

/// One text, or a list of them.
fn texts(input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    if input.peek(LitStr) {
        return Ok(vec![input.parse()?]);
    }
    let list;
    syn::bracketed!(list in input);
    let mut texts = Vec::new();
    while !list.is_empty() {
        texts.push(list.parse()?);
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    if texts.is_empty() { Err(list.error(OPTIONS)) } else { Ok(texts) }
}

fn until_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}
