//! The steps that there are: who does what in which words, and what operation of a device that is.

use serde_json::json;

use super::super::super::Result;
use super::sentence::Sentence;
use super::stage::{Stage, accept};
use super::words::Words;

/// A line for each: who; in which words, with what is read from the line in braces; the operation; what
/// else it is given. What is read and given is in `inputs`, what may come of it in `outputs`.
const FORMS: &str = "
    cloud  | shows {objects}                                    | store-put         | store
    cloud  | removes {paths}                                    | store-remove      | store
    cloud  | takes {bytes} at {path}                            | store-write       | store
    camera | pairs {offer}                                      | camera-new        | device clocks
    camera | takes lease of {lease}                             | camera-extend     | device clocks
    camera | takes correction {clock}                           | camera-correct    | device clocks
    camera | takes {announcement}                               | camera-accept     | device clocks
    camera | begins {stream}                                    | camera-begin      | device clocks
    camera | writes {bytes} to {stream}                         | camera-write      | device
    camera | ends {stream}                                      | camera-finish     | device clocks
    camera | tells the time                                     | camera-time       | device clocks
    camera | restarts                                           | camera-restart    | device clocks
    camera | reads the cloud                                    | camera-sync       | device store clocks
    camera | uploads                                            | camera-upload     | device store
    camera | hands over its checkpoint                          | camera-checkpoint | device
    member | starts                                             | member-new        | device key
    member | compares {told}                                    | member-pin        | device account
    member | is touched with {payload}                          | member-touch      | device
    member | reads the cloud                                    | member-sync       | device store
    member | views {stream} {sequence}                          | member-view       | device store account
    member | restarts                                           | member-restart    | device
    phone  | starts                                             | phone-new         | device root keys ring
    phone  | recovers with {passphrase} {agreed}                | phone-recover     | device store account keys
    phone  | reads the cloud                                    | phone-sync        | device store
    phone  | unlocks by itself                                  | phone-unlock-kept | device store
    phone  | unlocks with {passphrase}                          | phone-unlock      | device store
    phone  | lists the streams                                  | phone-status      | device store
    phone  | extends {stream} until {until}                     | phone-extend      | device store now
    phone  | hands over its checkpoint                          | phone-checkpoint  | device
    phone  | compares {checkpoint}                              | phone-check       | device store
    phone  | views {stream} {sequence}                          | phone-view        | device store
    phone  | restarts                                           | phone-restart     | device
    phone  | shares the past of {stream} {window} with {member} | owner-share-past  | act
    phone  | shares {streams} with {sharer}                     | owner-share       | act
    phone  | revokes {streams} from {member}                    | owner-revoke      | act
    phone  | loses {lost}                                       | owner-lose-phone  | act
    phone  | pairs {camera} with key {camera-key} for {streams} {evidence} {offered} | owner-pair | act
    phone  | replaces {camera} by key {camera-key} for {streams} {counted} {evidence} {offered} | owner-replace | act
    phone  | retires {camera} {counted}                         | owner-retire      | act
";

/// The words before the first brace.
fn start(words: &str) -> &str {
    words.split(" {").next().unwrap_or_default()
}

/// The form of a step: its words, its operation, what else that is given. Of several that start alike it
/// is the longest: `takes lease of` is no `takes`.
fn form(kind: &str, next: &Words) -> Option<[&'static str; 3]> {
    let cells = |line: &'static str| {
        let mut cells = line.split('|').map(str::trim);
        let is_kind = cells.next()? == kind;
        is_kind.then_some([cells.next()?, cells.next()?, cells.next()?])
    };
    let forms = FORMS.lines().filter_map(cells);
    let fitting = forms.filter(|[words, ..]| next.are_next(start(words)));
    fitting.max_by_key(|[words, ..]| start(words).len())
}

impl Stage {
    /// A step of somebody of a kind.
    pub fn step(&mut self, kind: &str, mut step: Sentence) -> Result<()> {
        if kind == "camera" && step.words.eat("records") {
            return self.records(step);
        }
        let missing = || step.words.expected(&format!("what a {kind} does"));
        let [words, operation, given] = form(kind, &step.words).ok_or_else(missing)?;
        let mut input = json!({});
        for word in words.split(' ') {
            let field = word.strip_prefix('{');
            match field.and_then(|field| field.strip_suffix('}')) {
                Some(field) => self.read(field, &mut step, &mut input)?,
                None => step.words.need(word)?,
            }
        }
        for field in given.split(' ') {
            self.give(field, &mut step, &mut input)?;
        }
        let stated = self.stated(operation, &mut step, &input)?;
        self.ask(step, operation, input, &stated)
    }

    /// `from TIME..TIME CAMERA records STREAM -> clip NUMBER under …`: a whole session, two steps.
    fn records(&mut self, mut step: Sentence) -> Result<()> {
        let (start, end) = step.session()?;
        let stream = step.words.word("a stream")?;
        step.words.need("-> clip")?;
        let number = step.words.number("the number of a clip")?;
        let output = self.clip(number, (start, end), &mut step.words)?;
        step.words.done()?;
        for (time, operation, comment, output) in [
            (start, "camera-begin", "a session", json!({})),
            (end, "camera-finish", &*step.comment, output),
        ] {
            let mut half = Sentence::at(time, &step.who, comment);
            let mut input = json!({ "device": step.who, "stream": stream });
            half.clocks(&mut input)?;
            self.ask(half, operation, input, &accept(output))?;
        }
        Ok(())
    }
}
