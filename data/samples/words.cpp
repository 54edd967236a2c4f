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

Turn ask_about(Draw& draw, const List& list, bool first) {
  const std::string shown = join(list, ", ");
  // the answer depends on the order shown, the split only on the set
  const auto ask = [&](std::string_view task, std::initializer_list<std::string_view> alone,
                       std::initializer_list<std::string_view> follow_up, std::string answer) {
    std::string question = first ? say(draw, alone, shown) : std::string(draw.pick(follow_up));
    return Turn{std::move(question), std::move(answer), key_of(task, join(list, ","))};
  };
  switch (draw.below(6)) {
    case 0:
    case 1:
      return ask(
          "backwards",
          {"Say {} backwards.", "Reverse the list {}.", "What is {} in reverse order?",
           "Write {} backwards."},
          {"Now backwards.", "And in reverse order?", "Now reverse it."},
          fmt::format("The list {} backwards is {}.", shown, join(List(list.rbegin(), list.rend()), ", ")));
    case 2:
      return ask("first", {"What is the first word of {}?", "Which word comes first: {}?"},
                 {"Which word was first?", "And the first word?", "What is the first one?"},
                 fmt::format("The first word of {} is {}.", shown, list.front()));
    case 3:
      return ask("last", {"What is the last word of {}?", "Which word comes last: {}?"},
                 {"Which word was last?", "And the last word?", "What is the last one?"},
                 fmt::format("The last word of {} is {}.", shown, list.back()));
    case 4:
      return ask("count", {"How many words are in {}?", "Count the words: {}.", "I see {}. How many things?"},
                 {"How many words is that?", "How many are there?", "And how many words?"},
                 fmt::format("The list {} has {} words.", shown, list.size()));
    default:
      return ask("repeat", {"Repeat {}.", "Say {} again.", "Write down {}."},
                 {"Please repeat the list.", "And the list once more?"},
                 fmt::format("The list is {}.", shown));
  }
}

}  // namespace

Dialogue words(Draw& draw, Side side, int turns) {
  List list, sorted;
  do {
    const size_t count = size_t(draw.between(3, 4));
    list = draw.sample<std::string>(kWords, count);
    sorted = list;
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("words|" + join(sorted, ",")) != side);
  Dialogue dialogue;
  while (int(dialogue.size()) < turns) dialogue.push_back(ask_about(draw, list, dialogue.empty()));
  return dialogue;
}

}  // namespace genesis::data::samples
