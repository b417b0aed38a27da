//! `#[lokstra::test]`: a test with migrated databases as its parameters.

mod arguments;
mod function;
mod rows;

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

use arguments::Arguments;
use function::Function;

/// The function, and beside it what is wrong, so that the compiler does not miss a name that is there.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = Arguments::parse(arguments)
        .and_then(|arguments| Ok((Function::parse(item.clone())?, arguments)))
        .and_then(|(function, arguments)| {
            function.check(&arguments)?;
            Ok((function, arguments))
        });
    match parsed {
        Ok((function, arguments)) => test(&function, &arguments),
        Err(error) => error.into_compile_error(),
    }
}

fn test(function: &Function, arguments: &Arguments) -> TokenStream {
    let Function { attributes, visibility, name, parameters, returned, body, .. } = function;
    let facade = &arguments.facade;
    let harness = quote!(#facade::testing::__private);
    let migrations = &arguments.migrations;
    let databases = parameters.iter().enumerate().map(|(nth, _)| match arguments.databases.get(nth) {
        Some(name) => quote!(::core::option::Option::Some(#name)),
        None => quote!(::core::option::Option::None),
    });
    let (rows, problems) = rows::checked(&arguments.rows);
    let begin = if function.has_attribute("should_panic") {
        quote! {
            let ::core::option::Option::Some(mut case) = #harness::Case::begin_to_panic(settings)
                else { return };
        }
    } else {
        quote!(let mut case = #harness::Case::begin(settings);)
    };
    let slots: Vec<_> =
        (0..parameters.len()).map(|nth| quote::format_ident!("slot_{nth}")).collect();
    let asyncness = function.is_async.then(|| quote!(async));
    let call = quote!(#name(#(#harness::Argument::of(#slots)),*));
    let call = match (function.is_async, function.has_test_attribute()) {
        (false, _) => call,
        (true, true) => quote!(#call.await),
        (true, false) => quote!(#harness::block_on!(#call)),
    };
    // Another attribute makes it a test, and brings the runtime.
    let is_other = function.has_test_attribute();
    let test = (!is_other).then(|| quote!(#[::core::prelude::v1::test]));
    let outer = (is_other && function.is_async).then(|| quote!(async));
    let parameters = parameters.iter().map(|parameter| &parameter.tokens);
    let count = Literal::usize_unsuffixed(slots.len());
    // Errors of types are shown at the parameters.
    quote_spanned! {name.span()=>
        #test
        #(#attributes)*
        #visibility #outer fn #name() #returned {
            #problems
            #[allow(clippy::needless_pass_by_value, clippy::unused_async)]
            #asyncness fn #name(#(#parameters),*) #returned #body
            let settings = #harness::Settings::<'_, #count> {
                migrations: &#migrations,
                databases: [#(#databases),*],
                rows: &[#(#rows),*],
            };
            #begin
            let [#(#slots),*] = case.slots();
            let outcome = #call;
            case.end(outcome)
        }
    }
}
