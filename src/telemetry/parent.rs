//! The trace that a run belongs to, as whoever started it says: `TRACEPARENT` and `TRACESTATE`, or X-Ray's header.

use super::variable::Variable;

/// A span elsewhere whose child this run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub trace: u128,
    pub span: u64,
    pub sampled: bool,
    /// As it came; whoever uses it judges it.
    pub state: String,
}

/// How contexts travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagator {
    TraceContext,
    Xray,
}

/// The parent that the environment names; of two the one of the propagator that stands last, as with every SDK.
pub fn read(variable: &Variable<'_>, propagators: &[Propagator]) -> Option<Parent> {
    let of = |propagator: &Propagator| match propagator {
        Propagator::TraceContext => {
            let state = variable("TRACESTATE").unwrap_or_default();
            trace_context(&variable("TRACEPARENT")?).map(|parent| Parent { state, ..parent })
        }
        Propagator::Xray => xray(&variable("_X_AMZN_TRACE_ID")?),
    };
    propagators.iter().filter_map(of).next_back()
}

/// `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
fn trace_context(text: &str) -> Option<Parent> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [version, trace, span, flags, rest @ ..] = &parts[..] else { return None };
    let version = u8::try_from(hex(version, 2)?).ok()?;
    // Later versions may say more.
    if version == 0xff || (version == 0 && !rest.is_empty()) {
        return None;
    }
    let (trace, span) = (hex(trace, 32)?, u64::try_from(hex(span, 16)?).ok()?);
    let sampled = hex(flags, 2)? & 1 == 1;
    (trace != 0 && span != 0).then(|| Parent { trace, span, sampled, state: String::new() })
}

/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn xray(text: &str) -> Option<Parent> {
    let field = |name: &str| {
        text.split(';').filter_map(|part| part.trim().split_once('=')).find(|(own, _)| *own == name)
    };
    let root: Vec<&str> = field("Root")?.1.split('-').collect();
    let ["1", epoch, rest] = root[..] else { return None };
    let trace = (hex(epoch, 8)? << 96) | hex(rest, 24)?;
    let span = u64::try_from(hex(field("Parent")?.1, 16)?).ok()?;
    let sampled = field("Sampled").is_none_or(|(_, sampled)| sampled != "0");
    (trace != 0 && span != 0).then(|| Parent { trace, span, sampled, state: String::new() })
}

/// A number of just so many digits, in lower case as all of these formats ask for.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let fits = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_contexts_are_read_as_the_recommendation_says() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let read = |text: String| trace_context(&text);
        let parent = read(format!("00-{trace}-b7ad6b7169203331-01")).expect("a parent");
        assert_eq!(
            (parent.trace, parent.span, parent.sampled),
            (0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331, true)
        );
        assert!(!read(format!("00-{trace}-b7ad6b7169203331-00")).expect("a parent").sampled);
        assert!(read(format!("cc-{trace}-b7ad6b7169203331-09-more")).is_some());
        for wrong in [
            String::new(),
            "00".to_owned(),
            format!("ff-{trace}-b7ad6b7169203331-01"),
            format!("00-{trace}-b7ad6b7169203331-01-more"),
            format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-b7ad6b716920333ä-01"),
            format!("00-+{}-b7ad6b7169203331-01", &trace[1..]),
        ] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn the_header_of_xray_is_the_same_in_other_words() {
        let parent = xray("Root=1-5759e988-bd862e3fe1be46a994272793; Parent=53995c3f42cd8ad8;Sampled=0")
            .expect("a parent");
        assert_eq!(format!("{:032x}", parent.trace), "5759e988bd862e3fe1be46a994272793");
        assert!(!parent.sampled);
        for wrong in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=;Parent=",
        ] {
            assert_eq!(xray(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_propagator_that_stands_last_counts() {
        let variable = |name: &str| match name {
            "TRACEPARENT" => Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            "_X_AMZN_TRACE_ID" => {
                Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8".to_owned())
            }
            _ => None,
        };
        let span = |propagators: &[Propagator]| read(&variable, propagators).map(|parent| parent.span);
        assert_eq!(span(&[Propagator::TraceContext, Propagator::Xray]), Some(0x5399_5c3f_42cd_8ad8));
        assert_eq!(span(&[Propagator::Xray, Propagator::TraceContext]), Some(0xb7ad_6b71_6920_3331));
        assert_eq!(span(&[]), None);
    }
}
