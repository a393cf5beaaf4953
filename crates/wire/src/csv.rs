//! Comma-separated values (RFC 4180) that arrive in pieces: each record is given with the line it begins on, as
//! soon as it is whole.

use csv_core::{ReadRecordResult, Reader};

/// Most bytes of one record, without its commas and quotes.
pub const CSV_RECORD_BYTES_MAX: usize = 64 * 1024;
/// Most fields of one record.
pub const CSV_FIELDS_MAX: usize = 200;

/// One record: a line, or several where a field in quotes holds line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRecord {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its fields, or why they cannot be read.
    pub fields: Result<Vec<String>, CsvFault>,
}

/// Why the fields of a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvFault {
    /// Larger than a record may be.
    #[error("the line has more than {CSV_RECORD_BYTES_MAX} bytes or {CSV_FIELDS_MAX} fields")]
    TooLarge,
    /// Of another charset.
    #[error("the line is not UTF-8")]
    Charset,
}

/// Reads records from pieces of a file. Lines without anything are passed over.
#[derive(Debug)]
pub struct CsvReader {
    core: Reader,
    /// How many line ends were read.
    line_ends: u64,
    /// The line on which the present record begins; none between records.
    begins: Option<u64>,
    bytes: Vec<u8>,
    bytes_used: usize,
    ends: Vec<usize>,
    ends_used: usize,
    is_too_large: bool,
}

impl Default for CsvReader {
    fn default() -> CsvReader {
        CsvReader {
            core: Reader::new(),
            line_ends: 0,
            begins: None,
            bytes: vec![0; 1024],
            bytes_used: 0,
            ends: vec![0; 16],
            ends_used: 0,
            is_too_large: false,
        }
    }
}

impl CsvReader {
    /// Takes the next piece, and gives the records that end in it.
    pub fn push(&mut self, mut piece: &[u8]) -> Vec<CsvRecord> {
        let mut records = Vec::new();
        loop {
            piece = self.skip_blank_lines(piece);
            if piece.is_empty() {
                return records;
            }
            self.begins.get_or_insert(self.line_ends + 1);
            let (read, record) = self.step(piece);
            piece = &piece[read..];
            records.extend(record);
        }
    }

    /// The file has ended; gives the record that has no line end.
    pub fn finish(mut self) -> Option<CsvRecord> {
        self.begins?;
        // Without input the reader ends what it began, once there is room for it.
        loop {
            if let (_, Some(record)) = self.step(&[]) {
                return Some(record);
            }
        }
    }

    fn skip_blank_lines<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.begins.is_some() {
            return piece;
        }
        let blank = piece.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.count_lines(&piece[..blank]);
        &piece[blank..]
    }

    fn count_lines(&mut self, read: &[u8]) {
        self.line_ends += read.iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    /// Goes on with the present record; gives how much was read, and the record when it has ended.
    fn step(&mut self, piece: &[u8]) -> (usize, Option<CsvRecord>) {
        let (bytes, ends) = (&mut self.bytes[self.bytes_used..], &mut self.ends[self.ends_used..]);
        let (result, read, written, ended) = self.core.read_record(piece, bytes, ends);
        self.bytes_used += written;
        self.ends_used += ended;
        self.count_lines(&piece[..read]);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull if self.bytes.len() >= CSV_RECORD_BYTES_MAX => {
                self.is_too_large = true;
                (self.bytes_used, self.ends_used) = (0, 0);
            }
            ReadRecordResult::OutputFull => {
                self.bytes.resize((self.bytes.len() * 2).min(CSV_RECORD_BYTES_MAX), 0);
            }
            ReadRecordResult::OutputEndsFull if self.ends.len() >= CSV_FIELDS_MAX => {
                self.is_too_large = true;
                (self.bytes_used, self.ends_used) = (0, 0);
            }
            ReadRecordResult::OutputEndsFull => {
                self.ends.resize((self.ends.len() * 2).min(CSV_FIELDS_MAX), 0);
            }
            ReadRecordResult::Record | ReadRecordResult::End => return (read, self.take_record()),
        }
        (read, None)
    }

    fn take_record(&mut self) -> Option<CsvRecord> {
        let line = self.begins.take()?;
        let bytes = &self.bytes[..self.bytes_used];
        let mut start = 0;
        let fields = self.ends[..self.ends_used].iter().map(|end| {
            let field = &bytes[start..*end];
            start = *end;
            String::from_utf8(field.to_vec()).map_err(|_| CsvFault::Charset)
        });
        let fields = if self.is_too_large { Err(CsvFault::TooLarge) } else { fields.collect() };
        (self.bytes_used, self.ends_used, self.is_too_large) = (0, 0, false);
        Some(CsvRecord { line, fields })
    }
}

/// Appends one record, its fields in quotes where they need them, with the line end of RFC 4180.
pub fn write_csv<'a>(fields: impl IntoIterator<Item = &'a str>, out: &mut String) {
    for (at, field) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a file that arrives in pieces of so many bytes.
    fn read(file: &[u8], piece_bytes: usize) -> Vec<CsvRecord> {
        let mut reader = CsvReader::default();
        let mut records: Vec<CsvRecord> =
            file.chunks(piece_bytes).flat_map(|piece| reader.push(piece)).collect();
        records.extend(reader.finish());
        records
    }

    fn check(file: &str, wanted: &[(u64, &[&str])]) {
        let wanted: Vec<CsvRecord> = wanted
            .iter()
            .map(|(line, fields)| CsvRecord {
                line: *line,
                fields: Ok(fields.iter().map(|field| (*field).to_owned()).collect()),
            })
            .collect();
        for piece_bytes in [1, 2, 3, 7, 1000] {
            assert_eq!(read(file.as_bytes(), piece_bytes), wanted, "{file:?} in pieces of {piece_bytes}");
        }
    }

    #[test]
    fn records_have_the_line_they_begin_on_however_they_arrive() {
        check("a,b\r\n1,2\r\n3,4\r\n", &[(1, &["a", "b"]), (2, &["1", "2"]), (3, &["3", "4"])]);
        check("a\n1", &[(1, &["a"]), (2, &["1"])]);
        check("\n\r\na\n\n\nb\n\n", &[(3, &["a"]), (6, &["b"])]);
        check(
            "a,b\n\"one\ntwo\",\"say \"\"x\"\"\"\nc,\n",
            &[(1, &["a", "b"]), (2, &["one\ntwo", "say \"x\""]), (4, &["c", ""])],
        );
        check("", &[]);
        check("\n\n", &[]);
        check(",\n", &[(1, &["", ""])]);
        check("é,ü\n", &[(1, &["é", "ü"])]);
    }

    #[test]
    fn what_is_too_large_or_of_another_charset_is_told_and_the_rest_goes_on() {
        let long = "x".repeat(CSV_RECORD_BYTES_MAX + 1);
        let wide = ",".repeat(CSV_FIELDS_MAX + 1);
        let file = [format!("a\n{long}\n{wide}\n").as_bytes(), b"\xff\nb\n"].concat();
        for piece_bytes in [1000, 100_000] {
            let told: Vec<String> = read(&file, piece_bytes)
                .into_iter()
                .map(|record| format!("{} {:?}", record.line, record.fields.map(|fields| fields.concat())))
                .collect();
            assert_eq!(
                told,
                ["1 Ok(\"a\")", "2 Err(TooLarge)", "3 Err(TooLarge)", "4 Err(Charset)", "5 Ok(\"b\")"]
            );
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let fields = ["plain", "with, comma", "with \"quotes\"", "two\nlines", ""];
        let mut out = String::new();
        write_csv(fields, &mut out);
        check(&out, &[(1, &fields)]);
    }
}
