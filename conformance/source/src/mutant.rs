//! Mutants: a crate's functions with places that are other source while a mutant is switched on.
//!
//! A place is found as a sequence of tokens in one function: how it is laid out, its comments and a comma
//! before a closing bracket make no difference.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Block, File};

use crate::function;
use crate::name::resolve;

/// What a mutant has elsewise, at one place.
#[derive(Clone, Debug)]
pub struct Edit<'e> {
    /// The mutant.
    pub mutant: &'e str,
    /// The end of the function's path.
    pub function: &'e str,
    /// The source that is replaced. It is in the function once.
    pub find: &'e str,
    /// The source that takes its place.
    pub broken: &'e str,
}

/// Puts the edits into a crate: each place becomes `{ if crate::fault::is("mutant") { broken } else { find } }`.
///
/// # Errors
/// Edits, by their mutants, whose function or place is not exactly one; that overlap; or whose source is none.
pub fn apply(file: &mut File, edits: &[Edit<'_>]) -> Result<(), String> {
    let functions = function::all(file);
    let names = functions.iter().map(|function| &function.name);
    let mut by_function: BTreeMap<usize, Vec<&Edit>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for edit in edits {
        match resolve("function", edit.function, names.clone()) {
            Ok(place) => by_function.entry(place).or_default().push(edit),
            Err(why) => wrong.push(format!("{}: {why}", edit.mutant)),
        }
    }
    let mut place = 0;
    function::visit(file, &mut |_, body| {
        let edits = by_function.remove(&place).unwrap_or_default();
        place += 1;
        wrong.extend(edit(body, &edits).err());
        Ok(())
    })?;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// Puts edits into a function's body.
fn edit(body: &mut Block, edits: &[&Edit<'_>]) -> Result<(), String> {
    if edits.is_empty() {
        return Ok(());
    }
    let tokens = flat(body.to_token_stream());
    let mut places: Vec<(Range<usize>, &Edit<'_>)> = Vec::new();
    for edit in edits {
        let say = |why: String| format!("{}: {why}", edit.mutant);
        let lexed =
            |text: &str| TokenStream::from_str(text).map_err(|e| say(format!("{e}: {text}")));
        lexed(edit.broken)?;
        let found = find(&tokens, &flat(lexed(edit.find)?));
        let [place] = &*found else {
            let (count, function) = (found.len(), edit.function);
            return Err(say(format!("{count} times in {function}: {}", edit.find)));
        };
        let crosses = |(other, _): &&(Range<usize>, &Edit<'_>)| {
            let (first, second) = match (place.start, other.start) {
                (own, others) if own < others => (place, other),
                _ => (other, place),
            };
            first.start < second.start && second.start < first.end && first.end < second.end
        };
        if let Some((_, other)) = places.iter().find(crosses) {
            return Err(say(format!(
                "its place overlaps with that of {}",
                other.mutant
            )));
        }
        places.push((place.clone(), edit));
    }
    // An outer place comes before those in it; of equal ones the first that is listed.
    places.sort_by_key(|(place, _)| (place.start, usize::MAX - place.end));
    let mut text = String::new();
    write(&tokens, 0..tokens.len(), &mut &*places, &mut text);
    let mutants: Vec<&str> = edits.iter().map(|edit| edit.mutant).collect();
    *body = syn::parse_str(&text).map_err(|e| format!("{}: {e}: {text}", mutants.join(", ")))?;
    Ok(())
}

/// Writes the tokens of a range, and the places in it, which are taken off the list.
fn write(
    tokens: &[Token],
    range: Range<usize>,
    places: &mut &[(Range<usize>, &Edit<'_>)],
    text: &mut String,
) {
    let mut at = range.start;
    while at < range.end {
        match places.split_first() {
            Some(((place, edit), rest)) if place.start == at && place.end <= range.end => {
                *places = rest;
                let Edit { mutant, broken, .. } = edit;
                text.push_str(&format!(
                    "{{ if crate::fault::is({mutant:?}) {{ {broken} }} else {{ "
                ));
                write(tokens, place.clone(), places, text);
                text.push_str(" } } ");
                at = place.end;
            }
            _ => {
                text.push_str(&tokens[at].text);
                if !tokens[at].joint {
                    text.push(' ');
                }
                at += 1;
            }
        }
    }
}

/// A token, or one end of a group of them.
#[derive(Debug)]
struct Token {
    text: String,
    /// The next mark belongs to it.
    joint: bool,
}

fn flat(tokens: TokenStream) -> Vec<Token> {
    let mut all = Vec::new();
    flatten(tokens, &mut all);
    all
}

fn flatten(tokens: TokenStream, all: &mut Vec<Token>) {
    for token in tokens {
        let (text, joint) = match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let end = |text: &str| Token {
                    text: text.to_owned(),
                    joint: false,
                };
                all.push(end(open));
                flatten(group.stream(), all);
                all.push(end(close));
                continue;
            }
            TokenTree::Punct(mark) => (mark.to_string(), mark.spacing() == Spacing::Joint),
            other => (other.to_string(), false),
        };
        all.push(Token { text, joint });
    }
}

/// Where a sequence of tokens is in another.
fn find(tokens: &[Token], wanted: &[Token]) -> Vec<Range<usize>> {
    let (tokens, wanted) = (&significant(tokens), significant(wanted));
    let wanted: Vec<&str> = wanted.iter().map(|(_, text)| *text).collect();
    let mut found = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    for window in tokens.windows(wanted.len()) {
        let same = window
            .iter()
            .map(|(_, text)| *text)
            .eq(wanted.iter().copied());
        if let ([(first, _), ..], [.., (last, _)], true) = (window, window, same) {
            found.push(*first..*last + 1);
        }
    }
    found
}

/// The tokens but for commas before a closing bracket, with their places.
fn significant(tokens: &[Token]) -> Vec<(usize, &str)> {
    let closes = |token: &Token| [")", "}", "]"].contains(&&*token.text);
    let trailing = |at: usize| tokens[at].text == "," && tokens.get(at + 1).is_some_and(closes);
    let kept = (0..tokens.len()).filter(|at| !trailing(*at));
    kept.map(|at| (at, &*tokens[at].text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> File {
        syn::parse_quote! {
            mod owner {
                impl Owner {
                    pub fn follow(&self, epoch: u64) -> bool {
                        let next = self.next(epoch,);
                        epoch == self.epoch || next != Some(self.hash)
                    }
                }
                pub fn twice() { ready(); ready(); }
            }
            mod phone { pub fn twice() {} }
        }
    }

    fn edit<'e>(mutant: &'e str, function: &'e str, find: &'e str) -> Edit<'e> {
        let broken = "false";
        Edit {
            mutant,
            function,
            find,
            broken,
        }
    }

    fn error(edit: Edit<'_>) -> String {
        apply(&mut source(), &[edit]).unwrap_err()
    }

    #[test]
    fn places_are_replaced_one_in_the_other() {
        let mut file = source();
        let edits = [
            edit(
                "inner",
                "Owner::follow",
                "next /* a comment */ != Some(\n self.hash,\n)",
            ),
            edit(
                "outer",
                "Owner::follow",
                "epoch == self.epoch || next != Some(self.hash)",
            ),
            edit("again", "owner::Owner::follow", "next != Some(self.hash)"),
            edit("call", "follow", "self.next(epoch)"),
        ];
        apply(&mut file, &edits).unwrap();
        let expected: File = syn::parse_quote! {
            mod owner {
                impl Owner {
                    pub fn follow(&self, epoch: u64) -> bool {
                        let next = { if crate::fault::is("call") { false } else { self.next(epoch,) } };
                        { if crate::fault::is("outer") { false } else {
                            epoch == self.epoch || { if crate::fault::is("inner") { false } else {
                                { if crate::fault::is("again") { false } else { next != Some(self.hash) } }
                            } }
                        } }
                    }
                }
                pub fn twice() { ready(); ready(); }
            }
            mod phone { pub fn twice() {} }
        };
        assert_eq!(
            prettyplease::unparse(&file),
            prettyplease::unparse(&expected)
        );
    }

    #[test]
    fn what_is_not_exactly_one_place_is_an_error_that_names_the_mutant() {
        let says = |edit, what: &str| {
            let error = error(edit);
            assert!(error.starts_with("m: ") && error.contains(what), "{error}");
        };
        says(
            edit("m", "Owner::unfollow", "epoch"),
            "there is no function Owner::unfollow",
        );
        says(
            edit("m", "twice", "ready()"),
            "one of owner::twice, phone::twice",
        );
        says(
            edit("m", "owner::twice", "ready()"),
            "2 times in owner::twice",
        );
        says(
            edit("m", "phone::twice", "ready()"),
            "0 times in phone::twice",
        );
        says(edit("m", "phone::twice", ""), "0 times");
        says(edit("m", "owner::twice", "ready("), "ready(");
        let broken = Edit {
            broken: "else",
            ..edit("m", "Owner::follow", "self.epoch")
        };
        says(broken, "else");
    }

    #[test]
    fn places_that_overlap_are_an_error() {
        let edits = [
            edit("one", "follow", "self.epoch || next"),
            edit("two", "follow", "next != Some(self.hash)"),
        ];
        let error = apply(&mut source(), &edits).unwrap_err();
        assert_eq!(error, "two: its place overlaps with that of one");
    }
}
