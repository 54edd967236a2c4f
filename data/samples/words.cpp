#include "data/samples/words.h"

#include <algorithm>
#include <array>

namespace genesis::data::samples {
namespace {

constexpr std::array<std::string_view, 32> kWords = {
    "apple", "bear",  "bell", "book",  "cake", "chair", "cloud", "cup",  "dog",   "door", "egg",
    "fish",  "fox",   "hat",  "horse", "key",  "lamp",  "leaf",  "lion", "moon",  "nest", "owl",
    "pear",  "plane", "ring", "rose",  "ship", "star",  "table", "tree", "whale", "wolf"};

using List = std::vector<std::string>;

Turn ask_about(Draw& draw, const List& list) {
  const std::string shown = join(list, ", ");
  // the answer depends on the order shown, the split only on the set
  const auto ask = [&](std::string_view task, std::initializer_list<std::string_view> patterns,
                       std::string_view verb, std::string_view result) {
    return Turn{say(draw, patterns, shown), fmt::format("The list {} {} {}.", shown, verb, result),
                key_of(task, join(list, ","))};
  };
  switch (draw.below(6)) {
    case 0:
    case 1:
      return ask("backwards",
                 {"Say backwards: {}.", "Reverse the list {}.", "What is the reverse order of {}?"},
                 "backwards is", join(List(list.rbegin(), list.rend()), ", "));
    case 2:
      return ask("first", {"What is the first word of {}?", "Which word comes first: {}?"}, "starts with",
                 list.front());
    case 3:
      return ask("second", {"What is the second word of {}?", "Which word comes second: {}?"},
                 "has as its second word", list[1]);
    case 4:
      return ask("third", {"What is the third word of {}?", "Which word comes third: {}?"},
                 "has as its third word", list[2]);
    default:
      return ask("last", {"What is the last word of {}?", "Which word comes last: {}?"}, "ends with",
                 list.back());
  }
}

}  // namespace

Dialogue words(Draw& draw, Side side, int turns) {
  List list, sorted;
  do {
    list = draw.sample<std::string>(kWords, kListLength);
    sorted = list;
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("words|" + join(sorted, ",")) != side);
  Dialogue dialogue;
  while (int(dialogue.size()) < turns) dialogue.push_back(ask_about(draw, list));
  return dialogue;
}

}  // namespace genesis::data::samples
