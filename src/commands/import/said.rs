//! What an import tells, and the apply behind it.

use std::collections::BTreeMap;

use super::super::{Invocation, apply};
use super::settle::File;
use crate::args::{self, Common, Exit};
use crate::kind;
use crate::model::count;
use crate::moving::Left;
use crate::render::sanitize::clean;
use crate::render::{self, Stream};

/// Of so many each has a line of its own.
const EACH: usize = 10;
/// So many names of one reason are shown.
const MOST: usize = 20;

/// A line for each that was imported: its address and its file. Of many, how many went where; `-v` lists them all the same.
pub fn tell(invocation: &Invocation<'_>, files: &[File]) -> anyhow::Result<()> {
    let many = files.iter().map(|file| file.holds.len()).sum::<usize>() > EACH;
    if many && invocation.common.verbose == 0 {
        let lines = by_place(files);
        return Ok(render::print(Stream::Out, invocation.common.colors(), |out, _| {
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))
        })?);
    }
    Ok(render::print(Stream::Out, invocation.common.colors(), |out, _| {
        files
            .iter()
            .flat_map(|file| file.holds.iter().map(move |address| (address, file)))
            .try_for_each(|(address, file)| writeln!(out, "{address}  {}", clean(file.shown.as_str())))
    })?)
}

/// `monitors/payments.yaml  23 monitors`; files with one each by their folders, and files by theirs where they are many.
fn by_place(files: &[File]) -> Vec<String> {
    let shared = files.iter().filter(|file| file.holds.len() > 1).count();
    let mut folders: BTreeMap<String, Vec<&File>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.holds.is_empty()) {
        let is_alone = file.holds.len() == 1 || shared > MOST;
        let folder = file.shown.parent().filter(|folder| is_alone && !folder.as_str().is_empty());
        let place = folder.map_or_else(|| file.shown.to_string(), |folder| format!("{folder}/"));
        folders.entry(place).or_default().push(file);
    }
    let place = |(folder, files): (String, Vec<&File>)| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for address in files.iter().flat_map(|file| &file.holds) {
            *counts.entry(address.section()).or_default() += 1;
        }
        let one = |section: &str| kind::of_section(section).map_or("resource", |kind| kind.name).to_owned();
        let all: Vec<String> = counts
            .iter()
            .map(|(section, number)| match number {
                1 => format!("1 {}", one(section)),
                many => format!("{} {section}", count(*many)),
            })
            .collect();
        match &files[..] {
            [only] => (only.shown.to_string(), all.join(", ")),
            more => (folder, format!("{} in {}", all.join(", "), counted(more.len(), "file"))),
        }
    };
    let mut places: Vec<(String, String)> = folders.into_iter().map(place).collect();
    places.sort();
    let longest = places.iter().map(|(place, _)| place.chars().count()).max().unwrap_or_default();
    places.iter().map(|(place, all)| format!("{:longest$}  {all}", clean(place))).collect()
}

/// What an import of many took and what it didn't.
#[derive(Default)]
pub struct Sum {
    pub adopted: usize,
    pub already: usize,
    pub left: Vec<Left>,
    /// What has nothing to do with Datadog.
    pub others: usize,
    /// Those whose id is not the one that was to be: from, and the id.
    pub renamed: Vec<(String, String)>,
    /// What is one of many: the name, and how many.
    pub series: BTreeMap<String, usize>,
}

impl Sum {
    /// On stderr: the counts, and each reason with those that it keeps out.
    pub fn say(&self, invocation: &Invocation<'_>, files: usize) -> anyhow::Result<()> {
        let mut text = format!("{} imported into {}", count(self.adopted), counted(files, "file"));
        if self.already > 0 {
            text.push_str(&format!(", {} declared here already", count(self.already)));
        }
        text.push_str(&format!(", {} left.", count(self.left.len())));
        if self.others > 0 {
            text.push_str(&format!(" {} not Datadog's to manage.", count(self.others)));
        }
        for (from, id) in &self.renamed {
            text.push_str(&format!("\n{} is {id} here: its id was taken", clean(from)));
        }
        for (name, number) in self.series.iter().filter(|(_, number)| **number > 2) {
            text.push_str(&format!(
                "\n{}: {} of one pattern, which may become a template",
                clean(name),
                count(*number)
            ));
        }
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        self.left.iter().for_each(|left| reasons.entry(&left.why).or_default().push(&left.from));
        for (why, names) in reasons {
            match names[..] {
                [name] => text.push_str(&format!("\nleft: {} {}", clean(name), clean(why))),
                _ => {
                    text.push_str(&format!("\nleft: each of these {} {}:", count(names.len()), clean(why)));
                    names.iter().take(MOST).for_each(|name| text.push_str(&format!("\n  {}", clean(name))));
                    if let Some(more) = names.len().checked_sub(MOST).filter(|more| *more > 0) {
                        text.push_str(&format!("\n  and {} more", count(more)));
                    }
                }
            }
        }
        invocation.say(&text)
    }
}

pub fn counted(number: usize, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Plans and applies just what was imported.
pub async fn applied(
    invocation: &Invocation<'_>,
    options: &args::Import,
    files: &[File],
) -> anyhow::Result<Exit> {
    let addresses = files.iter().flat_map(|file| &file.holds);
    let only = addresses.map(|address| globset::escape(address.as_str())).collect();
    let common = Common { only, format: None, ..invocation.common.clone() };
    let applying = args::Apply { yes: options.yes, ..args::Apply::default() };
    apply::run(&Invocation { common: &common, ..*invocation }, &applying).await
}
