//! What a power cut leaves: of all that was not synchronised, any part may be there or not.
//!
//! A file's bytes are on the medium once the file was synchronised, its name once the folder was. A rename is one
//! change of names: it is there or not. What a file system promises beyond that is not relied on.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use crate::trace::Op;

type Node = usize;

/// The names in each folder.
type Names = BTreeMap<Node, BTreeMap<String, Node>>;

#[derive(Clone, Debug)]
struct Content {
    now: Vec<u8>,
    kept: Vec<u8>,
}

/// Names that changed at once.
#[derive(Clone, Debug)]
struct Change(Vec<(Node, String, Option<Node>)>);

/// A file system with its page cache: what the program sees now, and what is kept whatever happens.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<Node, Content>,
    now: Names,
    kept: Names,
    unsynced: Vec<Change>,
}

/// Files by path with their bytes; folders have none.
pub type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What becomes of a file's bytes that were not synchronised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bytes {
    Kept,
    Lost,
    Half,
}

impl Disk {
    /// A disk on which all of this is safe.
    pub fn of(tree: &Tree) -> Self {
        let mut disk = Self::default();
        disk.now.insert(0, BTreeMap::new());
        for (path, bytes) in tree {
            disk.name_new(path, bytes.is_some());
            let node = disk.node(path).expect("named");
            if let (Some(file), Some(bytes)) = (disk.files.get_mut(&node), bytes) {
                (file.now, file.kept) = (bytes.clone(), bytes.clone());
            }
        }
        disk.kept.clone_from(&disk.now);
        disk.unsynced.clear();
        disk
    }

    fn node(&self, path: &Path) -> Option<Node> {
        path.iter().try_fold(0, |node, part| {
            self.now.get(&node)?.get(part.to_str()?).copied()
        })
    }

    /// The folder of a path, and the name in it.
    fn place(&self, path: &Path) -> (Node, String) {
        let folder = path.parent().and_then(|folder| self.node(folder));
        let folder = folder.unwrap_or_else(|| panic!("no folder of {}", path.display()));
        (
            folder,
            path.file_name().unwrap().to_str().unwrap().to_owned(),
        )
    }

    fn change(&mut self, names: Vec<(Node, String, Option<Node>)>) {
        let change = Change(names);
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    fn name_new(&mut self, path: &Path, file: bool) {
        let (folder, name) = self.place(path);
        let node = self.files.len() + self.now.len();
        if file {
            let (now, kept) = (Vec::new(), Vec::new());
            self.files.insert(node, Content { now, kept });
        } else {
            self.now.insert(node, BTreeMap::new());
            self.kept.insert(node, BTreeMap::new());
        }
        self.change(vec![(folder, name, Some(node))]);
    }

    fn sync(&mut self, node: Node) {
        if let Some(file) = self.files.get_mut(&node) {
            file.kept.clone_from(&file.now);
            return;
        }
        for change in std::mem::take(&mut self.unsynced) {
            if change.0.iter().all(|(at, ..)| *at != node) {
                self.unsynced.push(change);
                continue;
            }
            change.apply(&mut self.kept);
            // What the same names were before is history.
            let newer = |(at, name, _): &(Node, String, Option<Node>)| {
                change.0.iter().any(|(of, new, _)| (of, new) == (at, name))
            };
            for older in &mut self.unsynced {
                older.0.retain(|name| !newer(name));
            }
            self.unsynced.retain(|older| !older.0.is_empty());
        }
    }

    /// Carries out a change as the program did.
    pub fn run(&mut self, op: &Op) {
        match op {
            Op::Make(path) | Op::Empty(path) => match self.node(path) {
                None => self.name_new(path, true),
                Some(node) => {
                    if let (Some(file), Op::Empty(_)) = (self.files.get_mut(&node), op) {
                        file.now.clear();
                    }
                }
            },
            Op::Append(path, bytes) => {
                let file = self.node(path).and_then(|node| self.files.get_mut(&node));
                let file = file.unwrap_or_else(|| panic!("no file {}", path.display()));
                file.now.extend_from_slice(bytes);
            }
            Op::Folder(path) => self.name_new(path, false),
            Op::Rename(from, to) => {
                let node = self.node(from).expect("renamed");
                let ((folder, name), (into, new)) = (self.place(from), self.place(to));
                self.change(vec![(folder, name, None), (into, new, Some(node))]);
            }
            Op::Link(from, to) => {
                let node = self.node(from).expect("linked");
                let (into, new) = self.place(to);
                self.change(vec![(into, new, Some(node))]);
            }
            Op::Remove(path) => {
                let (folder, name) = self.place(path);
                self.change(vec![(folder, name, None)]);
            }
            Op::Sync(path) => {
                if let Some(node) = self.node(path) {
                    self.sync(node);
                }
            }
        }
    }

    /// What the program sees now.
    pub fn now(&self) -> Tree {
        self.left(&|_| true, &|_| Bytes::Kept)
    }

    fn left(&self, named: &dyn Fn(usize) -> bool, bytes: &dyn Fn(Node) -> Bytes) -> Tree {
        let mut names = self.kept.clone();
        for (at, change) in self.unsynced.iter().enumerate() {
            if named(at) {
                change.apply(&mut names);
            }
        }
        let (mut tree, mut open) = (Tree::new(), vec![(PathBuf::new(), 0)]);
        while let Some((folder, node)) = open.pop() {
            for (name, node) in &names[&node] {
                let path = folder.join(name);
                let content = self.files.get(node).map(|file| match bytes(*node) {
                    Bytes::Kept => file.now.clone(),
                    Bytes::Lost => file.kept.clone(),
                    Bytes::Half => file.now[..file.now.len() / 2].to_vec(),
                });
                if content.is_none() {
                    open.push((path.clone(), *node));
                }
                tree.insert(path, content);
            }
        }
        tree
    }

    /// What a power cut may leave now: all, nothing that was not synchronised, all but one thing, nothing but one
    /// thing; a thing is a change of names, or the bytes of a file, which may be torn as well.
    pub fn cuts(&self) -> Vec<Tree> {
        let dirty = self.files.iter().filter(|(_, file)| file.now != file.kept);
        let dirty: Vec<Node> = dirty.map(|(node, _)| *node).collect();
        let mut cuts = vec![self.now(), self.left(&|_| false, &|_| Bytes::Lost)];
        for one in 0..self.unsynced.len() {
            cuts.push(self.left(&|at| at != one, &|_| Bytes::Kept));
            cuts.push(self.left(&|at| at == one, &|_| Bytes::Lost));
            cuts.push(self.left(&|at| at == one, &|_| Bytes::Kept));
        }
        for one in dirty {
            for fate in [Bytes::Lost, Bytes::Half] {
                cuts.push(self.left(&|_| true, &|node| {
                    if node == one { fate } else { Bytes::Kept }
                }));
            }
        }
        let mut seen = HashSet::new();
        cuts.retain(|tree| seen.insert(digest(tree)));
        cuts
    }
}

impl Change {
    fn apply(&self, names: &mut Names) {
        for (folder, name, node) in &self.0 {
            let folder = names.get_mut(folder).expect("a folder");
            match node {
                Some(node) => folder.insert(name.clone(), *node),
                None => folder.remove(name),
            };
        }
    }
}

/// A number that differs for different trees.
pub fn digest(tree: &Tree) -> u64 {
    let mut hasher = DefaultHasher::new();
    tree.hash(&mut hasher);
    hasher.finish()
}

/// The files and folders under `place`.
pub fn read(place: &Path) -> Tree {
    let (mut tree, mut open) = (Tree::new(), vec![PathBuf::new()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(place.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            let bytes = match entry.file_type().unwrap().is_dir() {
                true => {
                    open.push(path.clone());
                    None
                }
                false => Some(fs::read(entry.path()).unwrap()),
            };
            tree.insert(path, bytes);
        }
    }
    tree
}

/// Makes files and folders under `place`.
pub fn write(tree: &Tree, place: &Path) {
    for (path, bytes) in tree {
        let path = place.join(path);
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::create_dir(path).unwrap(),
        }
    }
}
