//! `coverage:` of `musher.yaml`: what is required of tiers, and how much of it.

use serde_json::Value;

use crate::diagnostic::known_words;
use crate::pointer::step;
use crate::signal::{Demands, Signal};
use crate::source::{short, type_of};

const POINTER: &str = "/coverage";
/// The key beside the tiers.
const SIGNALS: &str = "signals";

/// What is wrong at a pointer, and what to do.
pub struct Fault {
    pub text: String,
    pub pointer: String,
    pub help: String,
}

/// `{critical: 100%, standard: 80%, signals: {critical: [errors, throttles]}}`, and what is wrong with it.
pub fn read(value: Option<Value>) -> (Demands, Vec<Fault>) {
    let mut gate = Gate::default();
    for (key, value) in gate.map(value.unwrap_or_default(), POINTER) {
        let pointer = format!("{POINTER}{}", step(&key));
        if key != SIGNALS {
            let least = gate.minimum(&value, &pointer);
            gate.demands.minimums.extend(least.map(|least| (key.to_lowercase(), least)));
            continue;
        }
        for (tier, names) in gate.map(value, &pointer) {
            let signals = gate.signals(&names, &format!("{pointer}{}", step(&tier)));
            gate.demands.signals.insert(tier.to_lowercase(), signals);
        }
    }
    (gate.demands, gate.faults)
}

#[derive(Default)]
struct Gate {
    demands: Demands,
    faults: Vec<Fault>,
}

impl Gate {
    fn fault(&mut self, text: String, pointer: &str, help: impl Into<String>) {
        self.faults.push(Fault { text, pointer: pointer.to_owned(), help: help.into() });
    }

    fn map(&mut self, value: Value, pointer: &str) -> serde_json::Map<String, Value> {
        match value {
            Value::Object(map) => return map,
            Value::Null => {}
            other => {
                let name = pointer.trim_start_matches('/').replace('/', ".");
                self.fault(format!("`{name}` is a mapping, not {}", type_of(&other)), pointer, "");
            }
        }
        serde_json::Map::new()
    }

    /// `80%`, or 80.
    fn minimum(&mut self, value: &Value, pointer: &str) -> Option<f64> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => {
                text.trim().strip_suffix('%').and_then(|number| number.trim().parse().ok())
            }
            _ => None,
        };
        let number = number.filter(|number| (0.0..=100.0).contains(number));
        if number.is_none() {
            let shown =
                value.as_str().map_or_else(|| type_of(value).to_owned(), |text| format!("`{}`", short(text)));
            let text = format!("The least coverage of a tier is a share from 0% to 100%, not {shown}");
            self.fault(text, pointer, "write `critical: 100%`");
        }
        number
    }

    fn signals(&mut self, value: &Value, pointer: &str) -> Vec<Signal> {
        let known = || Signal::ALL.into_iter().map(Signal::name);
        let listed = || known().collect::<Vec<_>>().join(", ");
        let Value::Array(names) = value else {
            let text = format!("The signals of a tier are a list, not {}", type_of(value));
            self.fault(text, pointer, format!("write some of them in brackets: {}", listed()));
            return Vec::new();
        };
        let mut signals = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            match name.as_str().map(|text| (text, Signal::of_name(text))) {
                Some((_, Some(signal))) => signals.push(signal),
                Some((text, None)) => {
                    let help = known_words(text, known());
                    self.fault(format!("There is no signal `{}`", short(text)), &pointer, help);
                }
                None => self.fault(format!("A signal is a name, not {}", type_of(name)), &pointer, listed()),
            }
        }
        signals
    }
}
