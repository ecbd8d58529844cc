//! What the comment before an item says: its first sentence, and the claims that it names.

/// The first sentence of comments, and the claims that they name.
pub fn explain(comments: &[&str]) -> (String, Vec<String>) {
    let strip = |c: &&str| {
        let inner = c.trim_start_matches('/').trim_end_matches('/');
        let lines = inner.lines().map(|l| l.trim().trim_matches('*').trim());
        lines.collect::<Vec<_>>().join("\n")
    };
    let text: Vec<String> = comments.iter().map(strip).collect();
    let text = text.join("\n");
    let mut claims: Vec<String> = Vec::new();
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    for (at, _) in text.match_indices("CLAIM-") {
        let rest = &text[at..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let claim = rest[..end].trim_end_matches('-').to_owned();
        if !claims.contains(&claim) {
            claims.push(claim);
        }
    }
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let mut words = Vec::new();
        for word in paragraph.split_whitespace() {
            let rule = word.chars().all(|c| !c.is_alphanumeric()) && word.len() > 2;
            if !word.contains("CLAIM-") && !rule {
                words.push(word);
            }
        }
        words.join(" ")
    });
    let paragraph = paragraphs
        .into_iter()
        .find(|p| p.chars().any(char::is_alphanumeric));
    let paragraph = paragraph.unwrap_or_default();
    let ends = |(at, stop): &(usize, &str)| {
        let (before, after) = (&paragraph[..*at], &paragraph[at + stop.len()..]);
        let short = before.ends_with("e.g") || before.ends_with("i.e");
        let begins = |c: char| c.is_uppercase() || matches!(c, '`' | '"' | '(' | '[');
        !short && after.chars().next().is_some_and(begins)
    };
    let stops = [". ", ".\" ", ".) "].map(|stop| paragraph.match_indices(stop).find(ends));
    let end = stops
        .into_iter()
        .flatten()
        .map(|(at, stop)| at + stop.len() - 1)
        .min();
    let sentence = &paragraph[..end.unwrap_or(paragraph.len())];
    let sentence = sentence.trim_start_matches([':', ',', ';', '-', ')', ']', '.', ' ']);
    let sentence = sentence.trim_end_matches(['(', '[', ' ', ':']);
    // A single word is a headline.
    let sentence = if sentence.contains(' ') { sentence } else { "" };
    (sentence.to_owned(), claims)
}
