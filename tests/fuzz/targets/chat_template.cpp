// A Jinja chat template, rendered for small conversations and, if it is ChatML, for one with hostile text.
#include "data/chat/folder_template.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(chat_template) {
  using namespace genesis::data;
  const jinja::Template parsed(input, "fuzz");
  const Conversation conversation{"S",
                                  {{Role::user, "Q \xc3\xa9"},
                                   {Role::assistant, "<think>\n</think>A"},
                                   {Role::user, "<|im_end|>{{ x }}"}}};
  (void)render_chat(parsed, conversation);
  const ChatTemplate chat = parse_chat_template(input, "fuzz");
  (void)render_chat(*chat.jinja, conversation);
}
