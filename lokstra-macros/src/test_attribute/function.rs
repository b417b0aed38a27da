//! The function under the attribute, as far as it has to be understood: its text goes to the compiler as
//! it is.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::Error;

use super::arguments::Arguments;

/// A function that is to be a test.
pub(super) struct Function {
    /// `#[…]` each.
    pub(super) attributes: Vec<TokenStream>,
    pub(super) visibility: TokenStream,
    pub(super) is_async: bool,
    pub(super) name: Ident,
    pub(super) parameters: Vec<Parameter>,
    list: Group,
    /// `-> …`.
    pub(super) returned: TokenStream,
    pub(super) body: Group,
}

/// A parameter, with its attributes.
pub(super) struct Parameter {
    pub(super) tokens: TokenStream,
}

impl Parameter {
    /// The end of its type.
    pub(super) fn span(&self) -> Span {
        self.tokens.clone().into_iter().last().map_or_else(Span::call_site, |it| it.span())
    }
}

const FORMS: &str = "#[lokstra::test] stands on a function: fn name(db: lokstra::testing::TestDatabase), \
                     fn name(client: &mut lokstra::postgres::Client) or async fn \
                     name(db: lokstra::testing::TestDatabase)";

impl Function {
    pub(super) fn parse(item: TokenStream) -> syn::Result<Function> {
        let mut tokens = item.into_iter().peekable();
        let mut attributes = Vec::new();
        while let Some(TokenTree::Punct(hash)) = tokens.peek().filter(|it| is_punct(it, '#')) {
            let hash = TokenTree::Punct(hash.clone());
            tokens.next();
            attributes.push([hash].into_iter().chain(tokens.next()).collect());
        }
        let (mut visibility, mut is_async) = (TokenStream::new(), false);
        let name = loop {
            match tokens.next() {
                Some(TokenTree::Ident(word)) if word == "fn" => match tokens.next() {
                    Some(TokenTree::Ident(name)) => break name,
                    other => return Err(at(other, FORMS)),
                },
                Some(TokenTree::Ident(word)) if word == "async" => is_async = true,
                Some(TokenTree::Ident(word)) if word == "pub" => {
                    visibility.extend([TokenTree::Ident(word)]);
                    visibility.extend(tokens.next_if(is_round));
                }
                Some(TokenTree::Ident(word))
                    if ["unsafe", "const", "extern"].contains(&&*word.to_string()) =>
                {
                    let message = format!("a test is no `{word}` function: remove the word");
                    return Err(Error::new(word.span(), message));
                }
                other => return Err(at(other, FORMS)),
            }
        };
        let list = match tokens.next() {
            Some(TokenTree::Group(list)) if list.delimiter() == Delimiter::Parenthesis => list,
            other => {
                let message = "a test has no type parameters: write the types that it takes";
                return Err(at(other, message));
            }
        };
        let (mut returned, mut body) = (TokenStream::new(), None);
        for token in tokens {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    body = Some(group);
                }
                TokenTree::Ident(word) if word == "where" => {
                    let message = "a test has no type parameters: remove the bounds";
                    return Err(Error::new(word.span(), message));
                }
                token => returned.extend([token]),
            }
        }
        let body = body.ok_or_else(|| Error::new(name.span(), FORMS))?;
        let parameters = split(list.stream());
        Ok(Function { attributes, visibility, is_async, name, parameters, list, returned, body })
    }

    /// What the compiler would accept, or explain badly.
    pub(super) fn check(&self, arguments: &Arguments) -> syn::Result<()> {
        let (given, names) = (self.parameters.len(), arguments.databases.len());
        if given == 0 {
            let message = "a test takes its database as a parameter: (db: \
                           lokstra::testing::TestDatabase), or #[test] if it needs none";
            return Err(Error::new(self.list.span(), message));
        }
        if let Some(name) = arguments.databases.first()
            && names != given
        {
            let message = format!(
                "{names} {} named, and the function has {given} {}: name one for each, in their order",
                if names == 1 { "database is" } else { "databases are" },
                if given == 1 { "parameter" } else { "parameters" },
            );
            return Err(Error::new(name.span(), message));
        }
        if let (Some(rows), 2..) = (arguments.rows.first(), names) {
            let message = "rows belong to one database: use lokstra::testing::Template for each \
                           database of this test";
            return Err(Error::new(rows.span(), message));
        }
        for parameter in &self.parameters {
            let words = || parameter.tokens.clone().into_iter();
            let is_self = |it: &TokenTree| matches!(it, TokenTree::Ident(word) if *word == "self");
            let mut pattern = words().take_while(|it| !is_punct(it, ':'));
            if let Some(word) = pattern.find(is_self) {
                return Err(Error::new(word.span(), FORMS));
            }
            let is_client =
                |it: &TokenTree| matches!(it, TokenTree::Ident(word) if *word == "Client");
            if let Some(word) = words().find(is_client).filter(|_| self.is_async) {
                let message = "the blocking client panics inside an async runtime: take db: \
                               lokstra::testing::TestDatabase and connect an async client to \
                               db.url(), or make this `fn` without `async`";
                return Err(Error::new(word.span(), message));
            }
        }
        Ok(())
    }

    /// Whether one of the attributes has this name.
    pub(super) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.iter().any(|it| path(it).is_some_and(|path| path == name))
    }

    /// Whether another attribute makes this a test: `#[test]`, `#[tokio::test]`, `#[test_log::test]`, ….
    pub(super) fn has_test_attribute(&self) -> bool {
        let is_test =
            |it: &TokenStream| path(it).is_some_and(|path| path.rsplit(':').next() == Some("test"));
        self.attributes.iter().any(is_test)
    }
}

/// The path of an attribute, without what follows it.
fn path(attribute: &TokenStream) -> Option<String> {
    let TokenTree::Group(inner) = attribute.clone().into_iter().nth(1)? else { return None };
    let is_path = |it: &TokenTree| matches!(it, TokenTree::Ident(_)) || is_punct(it, ':');
    Some(inner.stream().into_iter().take_while(is_path).map(|it| it.to_string()).collect())
}

/// At the commas that stand in no `<…>`.
fn split(list: TokenStream) -> Vec<Parameter> {
    let (mut parameters, mut depth) = (Vec::new(), 0_i32);
    let mut tokens = TokenStream::new();
    for token in list {
        match &token {
            it if is_punct(it, '<') => depth += 1,
            it if is_punct(it, '>') => depth -= 1,
            it if is_punct(it, ',') && depth == 0 => {
                parameters.push(Parameter { tokens: std::mem::take(&mut tokens) });
                continue;
            }
            _ => {}
        }
        tokens.extend([token]);
    }
    if !tokens.is_empty() {
        parameters.push(Parameter { tokens });
    }
    parameters
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_round(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

fn at(token: Option<TokenTree>, message: &str) -> Error {
    let span = token.map_or_else(Span::call_site, |token| token.span());
    Error::new(span, message)
}
