//! `#[lokstra::test]`: a test with migrated databases as its parameters.

mod arguments;
mod function;
mod rows;

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

use arguments::Arguments;
use function::Function;

/// A test, or what is wrong with it.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = Arguments::parse(arguments).and_then(|arguments| {
        let function = Function::parse(item)?;
        function.check(&arguments)?;
        Ok(test(&function, &arguments))
    });
    parsed.unwrap_or_else(syn::Error::into_compile_error)
}

fn test(function: &Function, arguments: &Arguments) -> TokenStream {
    let Function { attributes, visibility, name, parameters, returned, body, .. } = function;
    let facade = &arguments.facade;
    let harness = quote!(#facade::testing::__private);
    let migrations = &arguments.migrations;
    let databases = (0..parameters.len()).map(|nth| {
        let name = arguments.databases.get(nth);
        name.map_or(
            quote!(::core::option::Option::None),
            |name| quote!(::core::option::Option::Some(#name)),
        )
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
    // An error of a type is shown at its parameter.
    let values = parameters
        .iter()
        .zip(&slots)
        .map(|(parameter, slot)| quote_spanned!(parameter.span()=> #harness::Argument::of(#slot)));
    let call = quote!(#name(#(#values),*));
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
    quote! {
        #problems
        #test
        #(#attributes)*
        #visibility #outer fn #name() #returned {
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
