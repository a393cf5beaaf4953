//! Regular expressions, compiled within bounds: one for each, and one for all of a flow.
//!
//! Rules, templates and what is read of replies have forms of their own to write them in; all are compiled
//! here. Each takes time linear in what it looks at.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{self, Ast, ClassSetBinaryOp, ClassSetItem, ClassUnicode, ClassUnicodeKind, Visitor};

/// How much of a text is looked at, in bytes; the rest is as if it were not there. A pattern may take a time
/// in proportion to its size times the text's: the largest half a second for this much.
pub(crate) const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most bytes that the patterns of one flow may be compiled to. Each counts as the sizes of [`SIZES`] that were
/// tried, and what it took to read its classes each time: that is the work, and no less than the memory it keeps.
const FLOW_BYTES_MAX: usize = 24 << 20;
/// The sizes that are tried, in bytes. The regular expressions' own crate says of a size only whether it is
/// enough, and stops when it is not.
const SIZES: [usize; 5] = [4 << 10, 32 << 10, 128 << 10, 512 << 10, 1 << 20];
/// What a class counts, in bytes that compile in the same time: a tenth of a millisecond.
const CLASS_BYTES: usize = 4 << 10;
/// The same for a property of letters, as in `\pL`.
const PROPERTY_BYTES: usize = 3 * CLASS_BYTES;
/// How many letters of a range count one byte. Each of them is looked up in either case.
const LETTERS_OF_A_BYTE: usize = 2;
/// Deepest nesting of a pattern.
const DEPTH_MAX: u32 = 50;

thread_local! {
    /// What is left of the budget of the flow that is being read on this thread; none when none is.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// While it lives, the patterns compiled on this thread belong to one flow, and are refused once they are more
/// than one may have. Whatever else is read within belongs to it too.
#[derive(Debug)]
pub struct PatternBudget {
    before: Option<usize>,
    /// It stays on its thread.
    on_thread: PhantomData<*const ()>,
}

impl PatternBudget {
    /// Begins a flow.
    #[must_use = "the budget ends when it is dropped"]
    pub fn of_flow() -> PatternBudget {
        PatternBudget { before: LEFT.replace(Some(FLOW_BYTES_MAX)), on_thread: PhantomData }
    }

    /// How many bytes patterns were compiled to since it began, those included that grew too large.
    pub fn spent(&self) -> usize {
        FLOW_BYTES_MAX - LEFT.get().unwrap_or(FLOW_BYTES_MAX)
    }
}

impl Drop for PatternBudget {
    fn drop(&mut self) {
        LEFT.set(self.before);
    }
}

/// What may differ from one expression to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags {
    pub(crate) any_case: bool,
    pub(crate) multi_line: bool,
    pub(crate) dot_all: bool,
}

impl Flags {
    /// Those of `/…/ims`.
    pub(crate) fn read(flags: &str) -> Flags {
        Flags { any_case: flags.contains('i'), multi_line: flags.contains('m'), dot_all: flags.contains('s') }
    }
}

/// Why an expression is not compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CompileError {
    /// It is none; in the words of what reads it.
    Unreadable(String),
    /// It grows larger than one may.
    TooLarge,
    /// The flow has no room left for it.
    FlowFull,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Unreadable(why) => f.write_str(why),
            CompileError::TooLarge => f.write_str("it grows too large; ask for fewer repetitions"),
            CompileError::FlowFull => write!(
                f,
                "with it the patterns of the flow take more than {} MiB; write fewer, or with fewer repetitions and \
                 [0-9] and [a-z] for \\d and \\w",
                FLOW_BYTES_MAX >> 20
            ),
        }
    }
}

/// Compiles an expression that may take `bytes_max`, and as much as the flow has left.
pub(crate) fn compile(source: &str, flags: Flags, bytes_max: usize) -> Result<Regex, CompileError> {
    let compile = |size: usize| {
        RegexBuilder::new(source)
            .case_insensitive(flags.any_case)
            .multi_line(flags.multi_line)
            .dot_matches_new_line(flags.dot_all)
            .size_limit(size)
            .dfa_size_limit(size)
            .nest_limit(DEPTH_MAX)
            .build()
    };
    let Some(mut left) = LEFT.get() else {
        return compile(bytes_max).map_err(told);
    };
    let reading = reading_bytes(source);
    for size in SIZES.into_iter().filter(|size| *size < bytes_max).chain([bytes_max]) {
        let Some(rest) = left.checked_sub(size + reading) else {
            LEFT.set(Some(0));
            return Err(CompileError::FlowFull);
        };
        left = rest;
        match compile(size) {
            Err(regex::Error::CompiledTooBig(_)) if size < bytes_max => LEFT.set(Some(left)),
            built => {
                LEFT.set(Some(left));
                return built.map_err(told);
            }
        }
    }
    Err(CompileError::TooLarge)
}

/// What it takes to read the classes of an expression: little of what they are need be left when it is compiled.
fn reading_bytes(source: &str) -> usize {
    let parsed = ParserBuilder::new().nest_limit(DEPTH_MAX).build().parse(source);
    // What cannot be read is told by whoever compiles it, soon.
    let Ok(expression) = parsed else { return 0 };
    ast::visit(&expression, Reading(0)).unwrap_or(usize::MAX / 2)
}

struct Reading(usize);

impl Reading {
    fn add(&mut self, bytes: usize) -> Result<(), Infallible> {
        self.0 = self.0.saturating_add(bytes);
        Ok(())
    }
}

impl Visitor for Reading {
    type Output = usize;
    type Err = Infallible;

    fn finish(self) -> Result<usize, Infallible> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, part: &Ast) -> Result<(), Infallible> {
        self.add(match part {
            Ast::ClassUnicode(class) => class_bytes(class),
            Ast::ClassPerl(_) | Ast::ClassBracketed(_) => CLASS_BYTES,
            Ast::Empty(_)
            | Ast::Flags(_)
            | Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::Assertion(_)
            | Ast::Repetition(_)
            | Ast::Group(_)
            | Ast::Alternation(_)
            | Ast::Concat(_) => 0,
        })
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        self.add(match item {
            ClassSetItem::Range(range) => letters(range.start.c, range.end.c),
            ClassSetItem::Unicode(class) => class_bytes(class),
            ClassSetItem::Ascii(_) | ClassSetItem::Perl(_) | ClassSetItem::Bracketed(_) => CLASS_BYTES,
            ClassSetItem::Empty(_) | ClassSetItem::Literal(_) | ClassSetItem::Union(_) => 0,
        })
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ClassSetBinaryOp) -> Result<(), Infallible> {
        self.add(CLASS_BYTES)
    }
}

fn letters(first: char, last: char) -> usize {
    let count = u32::from(last).saturating_sub(u32::from(first));
    usize::try_from(count).unwrap_or(usize::MAX) / LETTERS_OF_A_BYTE
}

fn class_bytes(class: &ClassUnicode) -> usize {
    let is_any = |name: &str| {
        name.chars().filter(|letter| letter.is_alphabetic()).collect::<String>().eq_ignore_ascii_case("any")
    };
    match &class.kind {
        ClassUnicodeKind::OneLetter(_) => PROPERTY_BYTES,
        ClassUnicodeKind::Named(name) | ClassUnicodeKind::NamedValue { value: name, .. } => {
            if is_any(name) {
                letters('\0', char::MAX)
            } else {
                PROPERTY_BYTES
            }
        }
    }
}

fn told(error: regex::Error) -> CompileError {
    if let regex::Error::CompiledTooBig(_) = error {
        return CompileError::TooLarge;
    }
    // The last line says what is wrong, those before point at the place.
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    let why = last.trim_start_matches("error: ");
    CompileError::Unreadable(if why.contains("look-around") {
        format!("{why}, which linear time rules out")
    } else {
        why.to_owned()
    })
}

/// As much of a text as is looked at.
pub(crate) fn looked_at(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_MAX: usize = 1 << 20;

    fn compiled(source: &str) -> Result<Regex, CompileError> {
        compile(source, Flags::default(), ONE_MAX)
    }

    #[test]
    fn a_flow_has_room_for_many_small_patterns() {
        let budget = PatternBudget::of_flow();
        for number in 0..4_000 {
            assert!(compiled(&format!("^787{number}$")).is_ok(), "{number}");
        }
        assert_eq!(budget.spent(), 4_000 * SIZES[0]);
    }

    /// As `docs/rules.md` has it.
    #[test]
    fn a_flow_has_room_for_a_hundred_words_and_some_thirty_of_eight_letters() {
        for (source, fit) in [(r"\w", 100..200), (r"\w{8}", 25..40)] {
            let _budget = PatternBudget::of_flow();
            let read = (0..2_000).take_while(|at| compiled(&format!("{at}{source}")).is_ok()).count();
            assert!(fit.contains(&read), "{source} {read}");
        }
    }

    #[test]
    fn patterns_that_grow_too_large_are_soon_compiled_no_more() {
        let budget = PatternBudget::of_flow();
        let tried = (0..1_000).map(|number| compiled(&format!("{number}\\w{{2000}}")).unwrap_err());
        let too_large = tried.filter(|error| *error == CompileError::TooLarge).count();
        assert!((10..20).contains(&too_large), "{too_large}");
        assert_eq!(budget.spent(), FLOW_BYTES_MAX);
        assert_eq!(compiled("a").unwrap_err(), CompileError::FlowFull);
    }

    /// They compile to nearly nothing, and took a minute.
    #[test]
    fn what_takes_long_to_read_counts_though_little_is_left_of_it() {
        for (class, most) in [(r"[\w&&\W]", 60), (r"[!-\x{10FFFF}]", 3)] {
            let budget = PatternBudget::of_flow();
            let source = class.repeat(60);
            let read = (0..1_000).take_while(|_| compiled(&source).is_ok()).count();
            assert!(read < most, "{class} {read}");
            assert_eq!(budget.spent(), FLOW_BYTES_MAX, "{class}");
        }
    }

    #[test]
    fn outside_of_a_flow_and_in_the_next_one_there_is_room_again() {
        {
            let outer = PatternBudget::of_flow();
            assert!(compiled("a").is_ok());
            let inner = PatternBudget::of_flow();
            while compiled(r"\w{8}").is_ok() {}
            assert_eq!(compiled("a").unwrap_err(), CompileError::FlowFull);
            drop(inner);
            assert!(compiled("a").is_ok());
            assert_eq!(outer.spent(), 2 * SIZES[0]);
        }
        assert!(compiled(r"\w{8}").is_ok());
    }
}
