//! Orders objects: each after the objects that it needs, and otherwise by kind and name.

use super::Object;

/// Puts the objects in order. Also returns the objects at which a cycle of needs was cut.
pub(super) fn order(objects: Vec<Object>) -> (Vec<Object>, Vec<String>) {
    let mut sorted: Vec<usize> = (0..objects.len()).collect();
    sorted.sort_by(|&left, &right| objects[left].key().cmp(&objects[right].key()));
    let mut place = vec![0; objects.len()];
    for (position, &index) in sorted.iter().enumerate() {
        place[index] = position;
    }

    let mut walk = Walk {
        objects: &objects,
        place: &place,
        states: vec![State::Untouched; objects.len()],
        order: Vec::with_capacity(objects.len()),
        circles: Vec::new(),
    };
    for &index in &sorted {
        walk.visit(index);
    }
    let Walk { order, circles, .. } = walk;

    let mut position = vec![0; objects.len()];
    for (at, &index) in order.iter().enumerate() {
        position[index] = at;
    }
    let mut objects: Vec<Option<Object>> = objects.into_iter().map(Some).collect();
    let ordered = order.iter().filter_map(|&index| objects[index].take());
    let ordered = ordered
        .map(|mut object| {
            object.needs.iter_mut().for_each(|need| *need = position[*need]);
            object.needs.sort_unstable();
            object
        })
        .collect();
    (ordered, circles)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Untouched,
    Begun,
    Done,
}

struct Walk<'a> {
    objects: &'a [Object],
    /// The place of each object by kind and name.
    place: &'a [usize],
    states: Vec<State>,
    order: Vec<usize>,
    circles: Vec<String>,
}

impl Walk<'_> {
    fn visit(&mut self, start: usize) {
        if self.states[start] != State::Untouched {
            return;
        }
        // An explicit stack instead of recursion: views on views may be nested deeply.
        self.states[start] = State::Begun;
        let mut stack = vec![(start, self.needs_of(start))];
        while let Some((index, needs)) = stack.last_mut() {
            let index = *index;
            match needs.pop() {
                None => {
                    self.states[index] = State::Done;
                    self.order.push(index);
                    stack.pop();
                }
                Some(need) => match self.states[need] {
                    State::Done => {}
                    State::Begun => self.circles.push(format!(
                        "{} and {}, which need each other",
                        self.objects[index], self.objects[need]
                    )),
                    State::Untouched => {
                        self.states[need] = State::Begun;
                        let needs = self.needs_of(need);
                        stack.push((need, needs));
                    }
                },
            }
        }
    }

    /// The needs of an object, the first one last.
    fn needs_of(&self, index: usize) -> Vec<usize> {
        let mut needs = self.objects[index].needs.clone();
        needs.sort_by_key(|&need| std::cmp::Reverse(self.place[need]));
        needs
    }
}
