#pragma once
#include <functional>
#include <span>
#include <vector>

#include "autograd/node.h"

namespace genesis::autograd {

/// Runs backward from several roots at once, each with its seed (of the root's shape).
///   Nodes run in falling order of their sequence number, so every consumer of a value comes before its
///   producer. What a node saved is freed as soon as it ran, unless options.retain_graph.
/// Errors: genesis::Error when a root needs no gradient, when a graph is run a second time without
/// retain_graph,
///   when a saved array was changed in place. NumericsError in anomaly mode.
void run_backward(std::span<const Tensor> roots, std::span<const Array> seeds, BackwardOptions options = {});

/// sum of two gradients of one value: adds in place when nobody else holds `into`.
void add_gradient(Array& into, const Array& more, DType dtype);

/// The seed of a backward on `device`. A number that came from the host stays readable there (seed_value).
Array seed_on(const Array& seed, Device device);

/// The one element of a gradient: without waiting for the card where it is still the host's seed.
double seed_value(const Array& gradient);

/// `fn` (an array of the shape, dtype and device it is given) of a gradient: of its copy on the host where it
/// is still the host's seed, so that it stays one.
Array map_seed(const Array& gradient, const std::function<Array(const Array&)>& fn);

}  // namespace genesis::autograd
