//! What no owner makes: altered checkpoints, an introduction by somebody else, a share of the past that
//! lists what it must not.

use encryptediot::{
    announcement::Head,
    checkpoint::Checkpoint,
    cloud::Paths,
    cose::unverified_payload,
    crypto::KemSecret,
    grant::{self, Lookup, Shard, open_introduction},
    message::hash,
    past, statement,
};

use super::super::super::{Error, Result};
use super::super::world::{World, rng};
use super::objects::{Objects, manifest as manifest_path};
use super::stage::{Stage, called};
use super::words::Words;

impl Stage {
    /// `NAME but …`: a checkpoint whose every stream is altered.
    pub fn altered(&self, words: &mut Words) -> Result<Checkpoint> {
        let mut checkpoint = called(&self.checkpoints, words, "a checkpoint")?.clone();
        words.need("but")?;
        let alter: fn(&mut Head) = if words.eat("an epoch less") {
            |head| head.epoch = head.epoch.saturating_sub(1)
        } else if words.eat("an epoch more") {
            |head| head.epoch += 1
        } else if words.eat("epoch 0") {
            |head| head.epoch = 0
        } else if words.eat("issued a millisecond later") {
            |head| head.issued += 1
        } else {
            return Err(words.expected("a change of a checkpoint"));
        };
        checkpoint
            .streams
            .iter_mut()
            .for_each(|(_, head)| alter(head));
        Ok(checkpoint)
    }

    /// `MEMBER number NUMBER`: an introduction under another account's root.
    pub fn forged_introduction(&self, words: &mut Words) -> Result<Vec<u8>> {
        let key = KemSecret::from_bytes(called(&self.members, words, "a member")?)?;
        words.need("number")?;
        let number = words.number("a number")?;
        words.need("by another account")?;
        let made = grant::introduce(&self.world.account, &key.public(), number, &mut rng(207))?;
        World::other()?.state(made.0)
    }

    /// `SHARE for MEMBER until TIME listing clip NUMBER`: a past share whose window ends earlier, and
    /// that lists this clip in place of its first one, with the grant of its key: what no owner makes.
    pub fn narrowed(&mut self, words: &mut Words) -> Result<Objects> {
        let share = called(&self.objects, words, "objects")?.clone();
        words.need("for")?;
        let member = KemSecret::from_bytes(called(&self.members, words, "a member")?)?;
        words.need("until")?;
        let until = words.time()?;
        words.need("listing clip")?;
        let sequence: u64 = words.number("the number of a clip")?;
        let everything = self.house()?.everything()?;
        let (root, account) = (self.world.root.public(), &self.world.account);
        let bytes =
            |objects: &Objects, part: &str| -> Result<_> { Ok(objects.only(part).only_one()?.1) };
        let opened = past::open(root, account, &bytes(&share, "past/")?)?;
        let (was, mut body) = (opened.hash, opened.body);
        let introduction = bytes(&everything, "introductions/")?;
        let (_, _, pairwise) = open_introduction(root, account, &member, &introduction)?;
        let shard = statement::open::<Shard>(root, account, &bytes(&share, "grants/")?)?.body;
        let secret =
            Lookup::new(&pairwise, &was, 0, body.shard_bits)?.open(&was, &body.key, &shard)?;
        let missing = || Error::Generate("the member has no part of this share".to_owned());
        let secret = secret.ok_or_else(missing)?;
        let manifest = bytes(&everything, &manifest_path(body.stream.as_str(), sequence))?;
        body.window.until = until;
        body.clips.truncate(1);
        if let Some(clip) = body.clips.first_mut() {
            (clip.sequence, clip.manifest) = (sequence, hash(&unverified_payload(&manifest)?));
        }
        let leaf = self.world.encode(body);
        let is = hash(&leaf);
        let part = grant::part(&pairwise, &is, 0, &secret)?;
        let shard = grant::shards(&is, 0, vec![part]).into_iter().next();
        let shard = self.world.state(shard.ok_or_else(missing)?)?;
        let paths = Paths(*account);
        let past = Objects::one(paths.past_share(&is), self.world.sign(leaf)?);
        Ok(past.and(Objects::one(paths.shard(&is, 0), shard)))
    }
}
