#include "data/dataset/markup_search.h"

namespace genesis::data {
namespace {

constexpr std::string_view kMarkup[] = {"<|im_start|>", "<|im_end|>",    "<|endoftext|>",
                                        "<|user|>",     "<|assistant|>", "<|system|>",
                                        "[INST]",       "[/INST]",       "<<SYS>>"};

std::string_view find_in(std::string_view text) {
  for (size_t i = text.find_first_of("<["); i != std::string_view::npos; i = text.find_first_of("<[", i + 1))
    for (const std::string_view markup : kMarkup)
      if (text.substr(i, markup.size()) == markup) return markup;
  return {};
}

}  // namespace

std::string_view find_markup(const Conversation& conversation) {
  if (conversation.system)
    if (const auto found = find_in(*conversation.system); !found.empty()) return found;
  for (const Turn& turn : conversation.turns)
    if (const auto found = find_in(turn.text); !found.empty()) return found;
  return {};
}

}  // namespace genesis::data
