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
  switch (draw.below(7)) {
    case 0:
    case 1:
      return ask("backwards",
                 {"Say {} backwards.", "Reverse the list {}.", "What is {} in reverse order?",
                  "Write {} backwards."},
                 {"Now backwards.", "And in reverse order?", "Now reverse it."},
                 fmt::format("{} backwards is {}.", shown, join(List(list.rbegin(), list.rend()), ", ")));
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
                 fmt::format("{} are {} words.", shown, list.size()));
    case 5:
      return ask("repeat", {"Repeat {}.", "Say {} again.", "Write down {}."},
                 {"Please repeat the list.", "And the list once more?"}, shown);
    default: {
      const bool member = draw.chance(50);
      std::string word;
      if (member) {
        word = draw.pick(list);
      } else {
        do word = draw.pick(kWords);
        while (std::find(list.begin(), list.end(), word) != list.end());
      }
      std::string question =
          first ? say(draw, {"Is {} in the list {}?", "Look for {} in {}. Is it there?"}, word, shown)
                : say(draw, {"Is {} in the list?", "Does the list have {}?", "And is {} there?"}, word);
      return {
          std::move(question),
          fmt::format(fmt::runtime(member ? "Yes, {} is in the list." : "No, {} is not in the list."), word),
          key_of("contains", join(list, ",") + "/" + word)};
    }
  }
}

}  // namespace

Dialogue words(Draw& draw, Side side, int turns) {
  List list, sorted;
  do {
    const size_t count = size_t(draw.between(3, 5));
    list = draw.sample<std::string>(kWords, count);
    sorted = list;
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("words|" + join(sorted, ",")) != side);
  Dialogue dialogue;
  while (int(dialogue.size()) < turns) dialogue.push_back(ask_about(draw, list, dialogue.empty()));
  return dialogue;
}

}  // namespace genesis::data::samples
