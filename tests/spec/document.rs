//! A specification file: headings and fences.
//!
//! Shape: Markdown; only headings and fences count.
//! Errors: [`Problem`] with the line it is on.

/// What is wrong with a file, and where.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) text: String,
}

impl Problem {
    /// A problem on a line.
    pub(crate) fn new(line: usize, text: impl Into<String>) -> Self {
        Self { line, text: text.into() }
    }
}

/// What stands between a fence's two lines.
#[derive(Clone, Default, Debug)]
pub(crate) struct Fence {
    /// The line of the opening ticks, counted from 1.
    pub(crate) line: usize,
    /// The lines between, each with its end.
    pub(crate) text: String,
}

/// One specification.
#[derive(Debug)]
pub(crate) struct Spec {
    /// Its heading.
    pub(crate) title: String,
    /// What runs.
    pub(crate) surface: Surface,
    /// Its document.
    pub(crate) menu: Fence,
    /// What web servers answer, in the order in which they are asked.
    pub(crate) web: Vec<Fence>,
    /// What the caller does.
    pub(crate) caller: Fence,
    /// What happens.
    pub(crate) transcript: Fence,
}

/// What runs on a call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Surface {
    /// A menu of rules: `json ivr`.
    Rules,
    /// Pivot: `json pivot`.
    Pivot,
}

/// A file of specifications.
#[derive(Debug)]
pub(crate) struct Document {
    text: String,
    /// Its specifications, in order.
    pub(crate) specs: Vec<Spec>,
}

/// What was read under a heading.
#[derive(Default)]
struct Section {
    title: String,
    line: usize,
    menu: Option<(Surface, Fence)>,
    web: Vec<Fence>,
    caller: Option<Fence>,
    transcript: Option<Fence>,
}

impl Document {
    /// Reads a file.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut sections: Vec<Section> = Vec::new();
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        while let Some((line, content)) = lines.next() {
            if let Some(kind) = content.strip_prefix("```") {
                let fence = fence(line, &mut lines)?;
                let section =
                    sections.last_mut().ok_or_else(|| Problem::new(line, "a fence stands before the first heading"))?;
                if kind == "web" {
                    section.web.push(fence);
                    continue;
                }
                let surface = match kind {
                    "json ivr" => Some(Surface::Rules),
                    "json pivot" => Some(Surface::Pivot),
                    _ => None,
                };
                if let Some(surface) = surface {
                    if section.menu.replace((surface, fence)).is_some() {
                        return Err(Problem::new(line, format!("a second `{kind}` under one heading")));
                    }
                    continue;
                }
                let place = match kind {
                    "caller" => &mut section.caller,
                    "transcript" => &mut section.transcript,
                    other => return Err(Problem::new(line, format!("a fence of the unknown kind `{other}`"))),
                };
                if place.replace(fence).is_some() {
                    return Err(Problem::new(line, format!("a second `{kind}` under one heading")));
                }
            } else if content.starts_with('#') {
                let title = content.trim_start_matches('#').trim().to_owned();
                sections.push(Section { title, line, ..Section::default() });
            }
        }
        Self::of_sections(text, sections)
    }

    fn of_sections(text: &str, sections: Vec<Section>) -> Result<Self, Problem> {
        let mut specs = Vec::new();
        let mut menu = None;
        for section in sections {
            menu = section.menu.or(menu);
            let missing = |what: &str| Problem::new(section.line, format!("`{}` has no {what}", section.title));
            match (section.caller, section.transcript) {
                (None, None) => {}
                (Some(caller), Some(transcript)) => {
                    let (surface, menu) =
                        menu.clone().ok_or_else(|| missing("`json ivr` or `json pivot` fence, nor any before it"))?;
                    specs.push(Spec { title: section.title, surface, menu, web: section.web, caller, transcript });
                }
                (None, Some(_)) => return Err(missing("`caller` fence")),
                (Some(_), None) => return Err(missing("`transcript` fence")),
            }
        }
        if specs.is_empty() {
            return Err(Problem::new(1, "the file holds no specification"));
        }
        Ok(Self { text: text.to_owned(), specs })
    }

    /// The file with other transcripts, given in order.
    pub(crate) fn rewritten(&self, transcripts: &[(&Fence, String)]) -> String {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut rewritten = String::new();
        let mut next = 0;
        for (fence, text) in transcripts {
            for line in &lines[next..fence.line] {
                rewritten.push_str(line);
                rewritten.push('\n');
            }
            rewritten.push_str(text);
            next = fence.line + fence.text.lines().count();
        }
        for line in &lines[next..] {
            rewritten.push_str(line);
            rewritten.push('\n');
        }
        rewritten
    }
}

fn fence<'a>(line: usize, lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Result<Fence, Problem> {
    let mut text = String::new();
    for (_, content) in lines {
        if content.trim_end() == "```" {
            return Ok(Fence { line, text });
        }
        text.push_str(content);
        text.push('\n');
    }
    Err(Problem::new(line, "a fence that does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_file_is_told_with_its_line() {
        for (text, line) in [
            ("no heading\n```caller\n```\n", 2),
            ("# A\n```caller\n", 2),
            ("# A\n```json\n{}\n```\n", 2),
            ("# A\n```json ivr\n{}\n```\n\n# B\n```caller\n```\n", 6),
            ("# A\n```caller\n```\n```transcript\n```\n", 1),
            ("# A\n```caller\n```\n```caller\n```\n", 4),
            ("# A\nprose\n", 1),
        ] {
            assert_eq!(Document::parse(text).expect_err(text).line, line, "{text}");
        }
    }

    #[test]
    fn a_transcript_is_rewritten_in_its_place() {
        let text = "# A\n```json ivr\n{}\n```\n```caller\n```\n```transcript\nold\nolder\n```\nprose\n";
        let document = Document::parse(text).expect("a good file");
        let transcripts = [(&document.specs[0].transcript, "new\n".to_owned())];
        assert_eq!(document.rewritten(&transcripts), text.replace("old\nolder\n", "new\n"));
    }
}
