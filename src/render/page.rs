//! Lines with tones on a writer: colour or none, wrapped where it is read on a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::value::width;

/// How a text is shown; part of the input, so that the output depends on nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    /// Everything: each of the equal changes, each field, in full length.
    pub expand: bool,
    /// Columns of the terminal; absent: what is written goes to a file or a pipe, and isn't wrapped.
    pub width: Option<usize>,
}

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Faint,
    Old,
    New,
    /// Words that only one of two texts has.
    OldWord,
    NewWord,
    Changed,
    Moved,
    Risk,
}

impl Tone {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Old => color(AnsiColor::Red),
            Self::New => color(AnsiColor::Green),
            Self::OldWord => color(AnsiColor::Red).bold().strikethrough(),
            Self::NewWord => color(AnsiColor::Green).bold().underline(),
            Self::Changed => color(AnsiColor::Yellow),
            Self::Moved => color(AnsiColor::Cyan),
            Self::Risk => color(AnsiColor::Red).bold(),
        }
    }
}

/// A writer of toned lines. Texts must be clean.
pub struct Page<'a> {
    pub look: Look,
    out: &'a mut dyn Write,
}

impl<'a> Page<'a> {
    pub fn new(look: Look, out: &'a mut dyn Write) -> Self {
        Self { look, out }
    }

    /// Columns that text is wrapped at.
    pub fn width(&self) -> usize {
        self.look.width.unwrap_or(usize::MAX)
    }

    /// A whole line.
    pub fn line(&mut self, parts: &[(Tone, &str)]) -> io::Result<()> {
        self.part(parts)?;
        self.out.write_all(b"\n")
    }

    /// A part of a line.
    pub fn part(&mut self, parts: &[(Tone, &str)]) -> io::Result<()> {
        for (tone, text) in parts {
            self.toned(*tone, text)?;
        }
        Ok(())
    }

    /// Text that has its line ends already.
    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    pub fn indent(&mut self, columns: usize) -> io::Result<()> {
        write!(self.out, "{:columns$}", "")
    }

    /// A line from the first column on, wrapped, what follows indented.
    pub fn wrapped(&mut self, parts: &[(Tone, &str)], indent: usize) -> io::Result<()> {
        self.wrapped_at(parts, 0, indent)
    }

    /// The rest of a line that is at column `at`, wrapped behind spaces, commas and brackets; what follows is
    /// indented.
    pub fn wrapped_at(&mut self, parts: &[(Tone, &str)], at: usize, indent: usize) -> io::Result<()> {
        let mut column = at;
        let mut line: Vec<(Tone, String)> = Vec::new();
        for (tone, text) in parts {
            line.push((*tone, String::new()));
            for atom in text.split_inclusive([' ', ',', ')', '}']) {
                let columns = width(atom.trim_end());
                if column + columns > self.width() && column > indent {
                    self.flush(&mut line)?;
                    write!(self.out, "{:indent$}", "")?;
                    column = indent;
                    line.push((*tone, String::new()));
                }
                line.last_mut().expect("bug: a part was pushed").1.push_str(atom);
                column += width(atom);
            }
        }
        self.flush(&mut line)
    }

    /// Ends a line, without white space at its end.
    fn flush(&mut self, line: &mut Vec<(Tone, String)>) -> io::Result<()> {
        for (_, text) in line.iter_mut().rev() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
        }
        for (tone, text) in line.drain(..) {
            self.toned(tone, &text)?;
        }
        self.out.write_all(b"\n")
    }

    fn toned(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        if self.look.color && tone != Tone::Plain && !text.is_empty() {
            let style = tone.style();
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}
