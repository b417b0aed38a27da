//! Sentences of PostgreSQL's grammar, at random: each rule in turn must have a part in one.

use std::collections::HashMap;

use crate::bison::{Bison, keywords};
use crate::fetch::Release;

pub(crate) struct Sentences {
    pub(crate) bison: Bison,
    /// The rules that make each symbol.
    rules_of: Vec<Vec<usize>>,
    /// How deep the shallowest tree of each symbol is, and of each rule.
    depth: Vec<u32>,
    rule_depth: Vec<u32>,
    /// How each token is written.
    texts: Vec<Vec<String>>,
    /// How many rules lie between each symbol and another, as far as they were asked for.
    distances: HashMap<usize, Vec<u32>>,
    random: Random,
}

/// Numbers that follow from a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

const NEVER: u32 = u32::MAX / 2;

/// Texts for the tokens that are no keywords.
const TEXTS: [(&str, &[&str]); 19] = [
    ("IDENT", &["a", "b", "\"c\"", "d1", "U&\"e\"", "é", "f$"]),
    ("FCONST", &["1.5", ".5", "1e3", "99999999999"]),
    ("SCONST", &["'x'", "''", "$$y$$", "E'\\n'", "U&'z'", "$a$ ; $a$", "'a'\n'b'"]),
    ("BCONST", &["B'01'"]),
    ("XCONST", &["X'1f'"]),
    ("ICONST", &["1", "0", "42"]),
    ("PARAM", &["$1"]),
    ("Op", &["||", "~", "@>", "->", "<->", "!~*", "#", "&", "!", "?"]),
    ("TYPECAST", &["::"]),
    ("DOT_DOT", &[".."]),
    ("COLON_EQUALS", &[":="]),
    ("EQUALS_GREATER", &["=>"]),
    ("LESS_EQUALS", &["<="]),
    ("GREATER_EQUALS", &[">="]),
    ("NOT_EQUALS", &["<>", "!="]),
    ("NOT_LA", &["NOT"]),
    ("NULLS_LA", &["NULLS"]),
    ("WITH_LA", &["WITH"]),
    ("WITHOUT_LA", &["WITHOUT"]),
];

impl Sentences {
    pub(crate) fn new(release: &Release, seed: u64) -> Sentences {
        let [parser, words] = release.parser();
        let bison = Bison::read(&parser);
        let mut texts = vec![Vec::new(); bison.tokens];
        for (word, token) in keywords(&words) {
            texts[bison.symbol(&token)].push(word.to_uppercase());
        }
        for (nth, name) in bison.names[..bison.tokens].iter().enumerate() {
            if let Some((_, given)) = TEXTS.iter().find(|(it, _)| it == name) {
                texts[nth].extend(given.iter().map(|text| (*text).to_owned()));
            } else if name == "FORMAT_LA" {
                texts[nth].push("FORMAT".to_owned());
            } else if name.len() == 3 && name.starts_with('\'') {
                texts[nth].push(name[1..2].to_owned());
            }
        }
        let mut rules_of = vec![Vec::new(); bison.names.len()];
        for (nth, (made, _)) in bison.rules.iter().enumerate() {
            rules_of[*made].push(nth);
        }
        let mut depth = vec![NEVER; bison.names.len()];
        for (nth, texts) in texts.iter().enumerate() {
            if !texts.is_empty() {
                depth[nth] = 0;
            }
        }
        let of = |depth: &[u32], parts: &[usize]| {
            1 + parts.iter().map(|part| depth[*part]).max().unwrap_or(0)
        };
        loop {
            let before = depth.clone();
            for (made, parts) in &bison.rules {
                depth[*made] = depth[*made].min(of(&depth, parts));
            }
            if depth == before {
                break;
            }
        }
        let rule_depth = bison.rules.iter().map(|(_, parts)| of(&depth, parts)).collect();
        let (distances, random) = (HashMap::new(), Random::new(seed));
        Sentences { bison, rules_of, depth, rule_depth, texts, distances, random }
    }

    /// The rules that a statement can have a part of.
    pub(crate) fn rules(&mut self) -> Vec<usize> {
        let statement = self.bison.symbol("stmt");
        (0..self.bison.rules.len())
            .filter(|rule| {
                let made = self.bison.rules[*rule].0;
                self.rule_depth[*rule] < NEVER && self.distance(statement, made) < NEVER
            })
            .collect()
    }

    /// As gram.y writes it.
    pub(crate) fn rule(&self, rule: usize) -> String {
        let (made, parts) = &self.bison.rules[rule];
        let name = |symbol: &usize| &*self.bison.names[*symbol];
        format!("{}: {}", name(made), parts.iter().map(name).collect::<Vec<_>>().join(" "))
    }

    /// A statement with this rule in it.
    pub(crate) fn with(&mut self, rule: usize, budget: u32) -> String {
        let mut sentence = String::new();
        let statement = self.bison.symbol("stmt");
        self.reach(statement, rule, budget, &mut sentence);
        sentence.trim_end().to_owned()
    }

    /// Writes the symbol down such that the rule comes to be in it.
    fn reach(&mut self, symbol: usize, goal: usize, budget: u32, sentence: &mut String) {
        let made = self.bison.rules[goal].0;
        let distance = self.distance(symbol, made);
        if distance == 0 {
            return self.write_rule(goal, budget, sentence);
        }
        // Not always by the shortest way.
        let slack = self.random.below(3) / 2;
        let mut ways = Vec::new();
        for rule in self.rules_of[symbol].clone() {
            for nth in 0..self.bison.rules[rule].1.len() {
                let part = self.bison.rules[rule].1[nth];
                let is_way = self.rule_depth[rule] < NEVER
                    && self.distance(part, made) < distance + u32::try_from(slack).unwrap();
                if is_way {
                    ways.push((rule, nth));
                }
            }
        }
        let (rule, nth) = ways[self.random.below(ways.len())];
        for (at, part) in self.bison.rules[rule].1.clone().into_iter().enumerate() {
            if at == nth {
                self.reach(part, goal, budget.saturating_sub(1), sentence);
            } else {
                self.write(part, budget / 2, sentence);
            }
        }
    }

    fn write(&mut self, symbol: usize, budget: u32, sentence: &mut String) {
        if symbol < self.bison.tokens {
            let nth = self.random.below(self.texts[symbol].len());
            sentence.push_str(&self.texts[symbol][nth]);
            sentence.push(' ');
            return;
        }
        let fits = |rule: &usize| self.rule_depth[*rule] <= budget.max(self.depth[symbol]);
        let rules: Vec<_> = self.rules_of[symbol].iter().copied().filter(fits).collect();
        let rule = rules[self.random.below(rules.len())];
        self.write_rule(rule, budget.saturating_sub(1), sentence);
    }

    fn write_rule(&mut self, rule: usize, budget: u32, sentence: &mut String) {
        for part in self.bison.rules[rule].1.clone() {
            self.write(part, budget, sentence);
        }
    }

    /// How many rules it takes from a symbol to another in it.
    fn distance(&mut self, from: usize, to: usize) -> u32 {
        let (bison, rule_depth) = (&self.bison, &self.rule_depth);
        let distances = self.distances.entry(to).or_insert_with(|| {
            let mut distances = vec![NEVER; bison.names.len()];
            distances[to] = 0;
            loop {
                let mut is_done = true;
                for (nth, (made, parts)) in bison.rules.iter().enumerate() {
                    let nearest = parts.iter().map(|part| distances[*part]).min().unwrap_or(NEVER);
                    if rule_depth[nth] < NEVER && nearest + 1 < distances[*made] {
                        distances[*made] = nearest + 1;
                        is_done = false;
                    }
                }
                if is_done {
                    return distances;
                }
            }
        });
        distances[from]
    }
}
