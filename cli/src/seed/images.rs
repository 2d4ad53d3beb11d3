//! Small images.

use fake::rand::{RngExt as _, rngs::StdRng};

/// Width and height in pixels.
const SIDE: u16 = 64;

/// Draws a picture of circles.
pub(super) fn svg(random: &mut StdRng) -> String {
    let mut circles = Vec::new();
    for _ in 0..random.random_range(3..12) {
        let (x, y, radius) = (
            random.random_range(0..320),
            random.random_range(0..200),
            random.random_range(8..80),
        );
        let color: u32 = random.random_range(0..0x0100_0000);
        circles.push(format!(
            "  <circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"#{color:06x}\"/>\n"
        ));
    }
    let circles = circles.concat();
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 320 200\">\n{circles}</svg>\n")
}

/// Draws a color gradient (PNG, third edition).
pub(super) fn png(random: &mut StdRng) -> Vec<u8> {
    let [red, blue]: [u8; 2] = random.random();
    let mut rows = Vec::new();
    for y in 0..SIDE {
        // Each row begins with the number of its filter; 0 is none.
        rows.push(0);
        for x in 0..SIDE {
            let [shade, light] = [x, y].map(|at| (at * 4).to_be_bytes()[1]);
            rows.extend([red ^ shade, light, blue]);
        }
    }
    let side = u32::from(SIDE).to_be_bytes();
    // 8 bits for each of red, green and blue.
    let header = [side.as_slice(), &side, &[8, 2, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [
        (b"IHDR", header),
        (b"IDAT", zlib(&rows)),
        (b"IEND", Vec::new()),
    ] {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let checked = [kind.as_slice(), &data].concat();
        file.extend(length.to_be_bytes());
        file.extend(&checked);
        file.extend(crc32fast::hash(&checked).to_be_bytes());
    }
    file
}

/// Packs bytes without compression (RFC 1950 and RFC 1951, section 3.2.4). They fit into one block of at most 65,535 bytes.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut packed = vec![0x78, 0x01, 0x01];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(bytes);
    packed.extend(adler32(bytes).to_be_bytes());
    packed
}

/// RFC 1950, section 9.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1, 0);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of <https://en.wikipedia.org/wiki/Adler-32>.
    #[test]
    fn a_checksum_is_as_published() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
