//! Ids and times as the service makes them, from a serial number and the clock.

/// The user who makes everything.
pub const USER: &str = "sandbox@example.com";
/// The first monitor's id is one above; nine digits, as in the recordings.
const MONITOR_BASE: u64 = 100_000_000;

pub fn monitor_id(serial: u64) -> u64 {
    MONITOR_BASE + serial
}

/// The serial that a monitor of this id would have.
pub fn monitor_serial(id: u64) -> Option<u64> {
    id.checked_sub(MONITOR_BASE).filter(|serial| *serial > 0)
}

/// 32 hexadecimal digits.
pub fn slo_id(serial: u64) -> String {
    format!("{:016x}{:016x}", mixed(serial ^ 0x510), mixed(serial.wrapping_mul(3) ^ 0x0b1e))
}

/// `xxx-xxx-xxx` of `[a-z0-9]`.
pub fn dashboard_id(serial: u64) -> String {
    // Odd factors and a shift are bijections of 45 bits: nine letters never repeat.
    let bits = |x: u64| x & ((1 << 45) - 1);
    let once = bits(serial.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut rest = bits((once ^ (once >> 23)).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    let mut id = String::with_capacity(11);
    for at in 0..9 {
        if at == 3 || at == 6 {
            id.push('-');
        }
        id.push(char::from(b"abcdefghijkmnpqrstuvwxyz23456789"[(rest % 32) as usize]));
        rest /= 32;
    }
    id
}

/// 22 characters of base64url.
pub fn short_id(serial: u64) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = u128::from(mixed(serial ^ 0x22)) << 64 | u128::from(mixed(serial.wrapping_mul(3) ^ 0x64));
    let mut id = String::with_capacity(22);
    for _ in 0..22 {
        id.push(char::from(letters[(bits % 64) as usize]));
        bits /= 64;
    }
    id
}

/// Six digits and more, rising.
pub fn number_id(serial: u64) -> u64 {
    100_000 + serial
}

/// 16 digits, and exact as a double.
pub fn widget_id(serial: u64) -> u64 {
    1_000_000_000_000_000 + mixed(serial ^ 0x01d6e7) % 8_000_000_000_000_000
}

/// A UUID of version 4 in its looks.
pub fn uuid(serial: u64) -> String {
    let (high, low) = (mixed(serial ^ 0xaaaa), mixed(serial ^ 0x5555));
    let (first, second, third) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (fourth, fifth) = (0x8000 | (low >> 48) & 0x3fff, low & 0xffff_ffff_ffff);
    format!("{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{fifth:012x}")
}

/// The output step of splitmix64: a bijection, so that equal ids need equal serials.
pub fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a. It is written to the journal, so it may never change.
pub fn hashed(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Microseconds since 1970 as `2026-04-16T07:36:51.476718+00:00`.
pub fn iso(micros: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_look_right_and_never_repeat() {
        let mut seen = HashSet::new();
        for serial in 1..5000 {
            assert!(seen.insert(slo_id(serial)) && seen.insert(dashboard_id(serial)));
            assert!(seen.insert(widget_id(serial).to_string()) && seen.insert(short_id(serial)));
            assert_eq!((slo_id(serial).len(), dashboard_id(serial).len()), (32, 11));
            assert_eq!(monitor_serial(monitor_id(serial)), Some(serial));
        }
        assert_eq!(uuid(7).len(), 36);
        assert_eq!(iso(1_776_325_011_476_718), "2026-04-16T07:36:51.476718+00:00");
    }
}
