//! Which tables belong together, and which stand beside which: what is referenced is left of what references it.

use super::boxes::Edge;

/// The boxes that edges connect, directly or not: each group in order.
pub(super) fn groups(count: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..count).collect();
    fn root(group: &mut [usize], mut of: usize) -> usize {
        while group[of] != of {
            group[of] = group[group[of]];
            of = group[of];
        }
        of
    }
    for edge in edges {
        let (one, other) = (root(&mut group, edge.child), root(&mut group, edge.parent));
        group[one.max(other)] = one.min(other);
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
    for it in 0..count {
        groups[root(&mut group, it)].push(it);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The layer of each box of a group, from the left.
pub(super) fn layers(group: &[usize], edges: &[Edge]) -> Vec<usize> {
    let place = |of: usize| group.binary_search(&of).unwrap_or_default();
    let mut parents = vec![Vec::new(); group.len()];
    for edge in edges.iter().filter(|it| group.binary_search(&it.child).is_ok()) {
        let (child, parent) = (place(edge.child), place(edge.parent));
        if !parents[child].contains(&parent) {
            parents[child].push(parent);
        }
    }
    // What is referenced most is reached first, so that a circle breaks elsewhere.
    let mut layers = vec![None; group.len()];
    let mut is_open = vec![false; group.len()];
    let mut kept = vec![Vec::new(); group.len()];
    for start in 0..group.len() {
        visit(start, &parents, &mut layers, &mut is_open, &mut kept);
    }
    let mut layers: Vec<usize> = layers.into_iter().map(Option::unwrap_or_default).collect();
    // A box without parents stands beside the nearest of its children.
    for it in 0..group.len() {
        if kept[it].is_empty() {
            let children = (0..group.len()).filter(|child| kept[*child].contains(&it));
            let nearest = children.map(|child| layers[child]).min();
            layers[it] = nearest.map_or(layers[it], |layer| layer - 1);
        }
    }
    layers
}

/// One more than the layers of the parents, of which those are left out that would close a circle.
fn visit(
    it: usize,
    parents: &[Vec<usize>],
    layers: &mut [Option<usize>],
    is_open: &mut [bool],
    kept: &mut [Vec<usize>],
) -> usize {
    if let Some(layer) = layers[it] {
        return layer;
    }
    is_open[it] = true;
    let mut layer = 0;
    for &parent in &parents[it] {
        if !is_open[parent] {
            layer = layer.max(1 + visit(parent, parents, layers, is_open, kept));
            kept[it].push(parent);
        }
    }
    is_open[it] = false;
    layers[it] = Some(layer);
    layer
}
