//! Tables for people: columns that stay where they are from page to page.

/// A table that is written row by row.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    headings: [&'static str; N],
    /// In characters; they only grow.
    widths: [usize; N],
    begun: bool,
}

/// Between two columns.
const GAP: &str = "  ";
/// Widest column but the last, in characters.
const WIDTH_MAX: usize = 60;

impl<const N: usize> Table<N> {
    /// A table of columns, in order, each at least so wide.
    pub(crate) fn new(columns: [(&'static str, usize); N]) -> Table<N> {
        let headings = columns.map(|(heading, _)| heading);
        let widths = columns.map(|(heading, width)| heading.chars().count().max(width));
        Table { headings, widths, begun: false }
    }

    /// The lines of some rows; before the first of all stand the headings.
    pub(crate) fn lines(&mut self, rows: Vec<[String; N]>) -> Vec<String> {
        let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|cell| plain(&cell))).collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count().min(WIDTH_MAX));
            }
        }
        let headings = (!std::mem::replace(&mut self.begun, true)).then(|| self.headings.map(str::to_owned));
        headings.iter().chain(&rows).map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &[String; N]) -> String {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(self.widths) {
            line += cell;
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
            line += GAP;
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// What stands in a cell must not steer a terminal.
fn plain(cell: &str) -> String {
    if cell.is_empty() {
        return "-".to_owned();
    }
    cell.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 2]) -> [String; 2] {
        cells.map(str::to_owned)
    }

    #[test]
    fn columns_stand_below_their_headings_and_stay_there() {
        let mut table = Table::new([("ID", 0), ("NAME", 0)]);
        let first = table.lines(vec![row(["flow_roofs", "Roofs"]), row(["flow_x", ""])]);
        assert_eq!(first, ["ID          NAME", "flow_roofs  Roofs", "flow_x      -"]);
        assert_eq!(table.lines(vec![row(["é", "x"])]), ["é           x"]);
    }

    #[test]
    fn a_table_without_rows_has_headings() {
        assert_eq!(Table::new([("ID", 0), ("NAME", 0)]).lines(vec![]), ["ID  NAME"]);
    }

    #[test]
    fn what_would_steer_a_terminal_is_shown_as_a_dot() {
        let mut table = Table::new([("ID", 0), ("NAME", 0)]);
        assert_eq!(table.lines(vec![row(["\u{1b}[2J", "a\nb"])])[1], "·[2J  a·b");
    }
}
