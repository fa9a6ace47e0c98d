//! Texts in columns.

use unicode_width::UnicodeWidthStr as _;

/// What comes before each cell.
const GAP: &str = "  ";

/// A header and rows, one a line, in columns as wide as their widest cell. The
/// last columns hold numbers, so many, which are aligned to the right. No line
/// ends with blanks.
pub(super) fn in_columns<const N: usize>(header: [&str; N], rows: &[[String; N]], numbers: usize) -> String {
    let mut widths = header.map(str::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let mut text = String::new();
    let header = header.map(str::to_owned);
    for row in std::iter::once(&header).chain(rows) {
        if !text.is_empty() {
            text.push('\n');
        }
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let blanks = std::iter::repeat_n(' ', width - cell.width());
            text.push_str(GAP);
            if column + numbers >= N {
                text.extend(blanks);
                text.push_str(cell);
            } else {
                text.push_str(cell);
                text.extend(blanks);
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_are_seen() {
        let rows = [["名前", "x", "1"], ["tägl", "", "20"], ["a", "yy", ""]];
        let rows = rows.map(|row| row.map(str::to_owned));
        let expected = "  NAME  B   RUNS\n  名前  x      1\n  tägl        20\n  a     yy";
        assert_eq!(in_columns(["NAME", "B", "RUNS"], &rows, 1), expected);
        assert_eq!(in_columns(["A", "B", ""], &[], 0), "  A  B");
    }
}
