//! Where in a YAML file a key is: the parsed values do not know.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The line of the last of these keys, each within the one before it.
pub(super) fn line_of(text: &str, keys: &[&str]) -> Option<u32> {
    // What stands there itself wins over what is merged in.
    [false, true].into_iter().find_map(|merges| {
        let find = Find { keys, merges };
        let error = find.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
        let line = u32::try_from(error.location()?.line()).ok()?;
        error.to_string().contains(FOUND).then_some(line)
    })
}

/// The only way to learn where the reader is: an error has its place.
const FOUND: &str = "the key that was looked for";

#[derive(Clone, Copy)]
struct Find<'k> {
    keys: &'k [&'k str],
    /// Whether to look into what `<<` names.
    merges: bool,
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (first, rest) = self.keys.split_first().unwrap_or((&"", &[]));
        while let Some(key) = map.next_key_seed(Key { wanted: first, is_last: rest.is_empty() })? {
            match key {
                Found::Wanted => map.next_value_seed(Find { keys: rest, ..self })?,
                Found::Merge if self.merges => map.next_value_seed(self)?,
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }

    /// `<<: [*a, *b]`
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(self)?.is_some() {}
        Ok(())
    }
}

struct Key<'k> {
    wanted: &'k str,
    is_last: bool,
}

enum Found {
    Wanted,
    Merge,
    Other,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Found, E> {
        match key {
            key if key == self.wanted && self.is_last => Err(E::custom(FOUND)),
            key if key == self.wanted => Ok(Found::Wanted),
            "<<" => Ok(Found::Merge),
            _ => Ok(Found::Other),
        }
    }
}
