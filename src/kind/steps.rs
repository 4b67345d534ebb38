//! What is below a place, by name. Names are told apart by their lengths first: most differ in that.

#[derive(Debug, Default)]
pub struct Steps<T>(Vec<(&'static str, T)>);

impl<T: Default> Steps<T> {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| (own.len(), *own).cmp(&(name.len(), name)))
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.get(self.place(name).ok()?).map(|(_, child)| child)
    }

    /// What is there, or was made just now.
    pub fn entry(&mut self, name: &'static str) -> &mut T {
        let at = self.place(name).unwrap_or_else(|at| {
            self.0.insert(at, (name, T::default()));
            at
        });
        &mut self.0[at].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        self.0.iter().map(|(name, child)| (*name, child))
    }

    pub fn retain(&mut self, mut keeps: impl FnMut(&mut T) -> bool) {
        self.0.retain_mut(|(_, child)| keeps(child));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
