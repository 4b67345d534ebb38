//! Faults on purpose, from a seed: which types there are, how often, and which one the next request gets.

use super::ids;

/// A thing that goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 429, though the limit isn't reached. Nothing is done.
    TooMany,
    /// 500. Nothing is done.
    Internal,
    /// 502. Half of them after the work was done, as behind a real gateway.
    Gateway { done: bool },
    /// 503. Nothing is done.
    Unavailable,
    /// 512. Nothing is done.
    Overloaded,
    /// The connection is reset, and nothing was done.
    ResetBefore,
    /// The connection is reset after the work was done.
    ResetAfter,
    /// The work is done; the answer's JSON breaks off, though its length is as announced.
    Truncate,
    /// The work is done; the connection ends in the middle of the answer's body.
    Cut,
    /// No answer ever; half of them after the work was done.
    Hang { done: bool },
    /// The answer comes in small pieces.
    Drip,
}

const NAMES: [&str; 11] =
    ["429", "500", "502", "503", "512", "reset-before", "reset-after", "truncate", "cut", "hang", "drip"];

impl Fault {
    pub fn name(self) -> &'static str {
        NAMES[match self {
            Self::TooMany => 0,
            Self::Internal => 1,
            Self::Gateway { .. } => 2,
            Self::Unavailable => 3,
            Self::Overloaded => 4,
            Self::ResetBefore => 5,
            Self::ResetAfter => 6,
            Self::Truncate => 7,
            Self::Cut => 8,
            Self::Hang { .. } => 9,
            Self::Drip => 10,
        }]
    }

    fn of(place: usize, coin: bool) -> Self {
        match place {
            0 => Self::TooMany,
            1 => Self::Internal,
            2 => Self::Gateway { done: coin },
            3 => Self::Unavailable,
            4 => Self::Overloaded,
            5 => Self::ResetBefore,
            6 => Self::ResetAfter,
            7 => Self::Truncate,
            8 => Self::Cut,
            9 => Self::Hang { done: coin },
            _ => Self::Drip,
        }
    }

    /// The status of an answer that stands for the real one, and its words.
    pub fn status(self) -> Option<(u16, &'static str)> {
        match self {
            Self::TooMany => Some((429, "Too many requests")),
            Self::Internal => Some((500, "Internal server error")),
            Self::Gateway { .. } => Some((502, "Bad gateway")),
            Self::Unavailable => Some((503, "Service unavailable")),
            Self::Overloaded => Some((512, "Service overloaded")),
            _ => None,
        }
    }

    /// Whether the request is carried out all the same.
    pub fn does_the_work(self) -> bool {
        match self {
            Self::Gateway { done } | Self::Hang { done } => done,
            Self::ResetAfter | Self::Truncate | Self::Cut | Self::Drip => true,
            _ => false,
        }
    }
}

/// The share of requests that each type of fault hits, from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rates: [f64; NAMES.len()],
}

impl Faults {
    /// Reads `429=0.05,reset-after=0.02`. `all=0.05` is the rate of all types together, in equal parts.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, rate) = part.split_once('=').unwrap_or((part, ""));
            let rate: f64 = match rate.parse() {
                Ok(rate) if (0.0..=1.0).contains(&rate) => rate,
                _ => {
                    return Err(format!(
                        "\"{part}\" has no rate. Write a number from 0 to 1, as in {name}=0.05."
                    ));
                }
            };
            if name == "all" {
                faults.rates.iter_mut().for_each(|own| *own += rate / NAMES.len() as f64);
                continue;
            }
            match NAMES.iter().position(|own| *own == name) {
                Some(at) => faults.rates[at] += rate,
                None => {
                    return Err(format!("\"{name}\" is not a fault. There are all, {}.", NAMES.join(", ")));
                }
            }
        }
        // A little room for sums of decimal fractions.
        if faults.rates.iter().sum::<f64>() > 1.000_001 {
            return Err("The rates of the faults add up to more than 1. Lower them.".to_owned());
        }
        Ok(faults)
    }

    /// The text that [`Faults::parse`] reads.
    pub fn text(&self) -> String {
        let parts = NAMES.iter().zip(self.rates).filter(|(_, rate)| *rate > 0.0);
        parts.map(|(name, rate)| format!("{name}={rate}")).collect::<Vec<_>>().join(",")
    }

    /// The fate of the request with this number under a seed: always the same.
    pub fn draw(&self, seed: u64, request: u64) -> Option<Fault> {
        let bits = ids::mixed(ids::mixed(seed).wrapping_add(request));
        let mut point = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        for (place, rate) in self.rates.iter().enumerate() {
            if point < *rate {
                return Some(Fault::of(place, bits & 1 == 0));
            }
            point -= rate;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn one_seed_gives_one_sequence_at_the_rates_asked_for() {
        let faults = Faults::parse("all=0.11, 429=0.1").unwrap();
        let drawn = |seed| (0..20_000).map(|request| faults.draw(seed, request)).collect::<Vec<_>>();
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
        drawn(7).into_iter().flatten().for_each(|fault| *counts.entry(fault.name()).or_default() += 1);
        assert_eq!(counts.len(), NAMES.len());
        for (name, count) in counts {
            let expect = if name == "429" { 2200 } else { 200 };
            assert!((count - expect).abs() < expect / 3, "{name}: {count}");
        }
    }

    #[test]
    fn faults_are_read_and_refused() {
        let text = "429=0.05,reset-after=0.02,drip=1";
        assert!(Faults::parse(text).is_err());
        assert_eq!(Faults::parse("drip=0.5,429=0.05").unwrap().text(), "429=0.05,drip=0.5");
        for text in ["430=0.1", "429", "429=2", "429=-1", "429=NaN", "all=x"] {
            assert!(Faults::parse(text).is_err(), "{text}");
        }
        assert_eq!(Faults::parse("").unwrap().draw(1, 1), None);
    }
}
