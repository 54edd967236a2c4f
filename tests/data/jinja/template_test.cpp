#include "data/jinja/template.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"

namespace genesis::data::jinja {
namespace {

std::string render(std::string_view source) {
  const Value messages = list_of({dict_of({{"role", "user"}, {"content", " Hi\u00e9 "}}),
                                  dict_of({{"role", "assistant"}, {"content", "A"}})});
  return Template(source, "t").render({{"messages", messages}, {"n", int64_t{3}}, {"nothing", None{}}});
}

TEST(JinjaTemplate, Expressions) {
  // what Python's jinja2 3.1 prints, white space settings as in transformers
  const std::pair<const char*, const char*> cases[] = {
      {"{{ 1 + 2 * 3 - 4 }}", "3"},
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 4 / 2 }}", "3 -4 -2 3.5 2.0"},
      {"{{ 'a' ~ 1 ~ none ~ true }}", "a1NoneTrue"},
      {"{{ 'a' 'b' + \"c\" }}", "abc"},
      {"{{ '\\n\\t\\\\\\'\\u4f60' }}", "\n\t\\'\u4f60"},
      {"{{ n == 3 and n != 4 and not n > 3 and n <= 3 }}", "True"},
      {"{{ 'x' if n > 5 else 'y' }}{{ 'x' if n > 5 }}", "y"},
      {"{{ 'b' in 'abc' }} {{ 2 in [1, 2] }} {{ 'k' not in {'k': 1} }}", "True True False"},
      {"{{ missing }}|{{ missing is defined }}|{{ nothing is none }}|{{ missing | default('d') }}",
       "|False|True|d"},
      {"{{ messages[0].role }} {{ messages[-1]['role'] }} {{ messages[9] is undefined }}",
       "user assistant True"},
      {"{{ messages[::-1][0].role }} {{ messages[1:] | length }} {{ 'h\u00e9llo'[1:3] }}",
       "assistant 1 \u00e9l"},
      {"{{ messages[0].content | trim }}|{{ messages[0].content | length }}", "Hi\u00e9|5"},
      {"{{ 'a,b,c'.split(',')[-1] }} {{ ' a  b '.split() | join('-') }} {{ 'xxaxx'.strip('x') }}", "c a-b a"},
      {"{{ '<t>a'.startswith('<t>') and 'a\\n\\n'.rstrip('\\n') == 'a' }}", "True"},
      {"{{ {'a': [1, 2.5, none, 'q\"']} | tojson }}", "{\"a\": [1, 2.5, null, \"q\\\"\"]}"},
      {"{{ 'aab'.replace('a', 'b') }} {{ {'a': 1}.get('b', 7) }} {{ {'a': 1}.items() | length }}", "bbb 7 1"},
      {"{{ (messages | first).role }} {{ '12' | int + 1 }} {{ range(3) | list | length }}", "user 13 3"},
      {"{{ n is string }} {{ n is number }} {{ messages is iterable }} {{ messages[0] is mapping }}",
       "False True True True"}};
  for (const auto& [source, wanted] : cases) EXPECT_EQ(render(source), wanted) << source;
}

TEST(JinjaTemplate, Statements) {
  EXPECT_EQ(render("{% for m in messages %}{{ loop.index }}{{ loop.first }}{{ m.role }};{% endfor %}"),
            "1Trueuser;2Falseassistant;");
  EXPECT_EQ(
      render(
          "{% for m in messages if m.role != 'user' %}{{ loop.length }}{{ m.role }}{% else %}-{% endfor %}"),
      "1assistant");
  EXPECT_EQ(render("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}"), "a1b2");
  EXPECT_EQ(render("{% for m in [] %}x{% else %}none{% endfor %}"), "none");
  EXPECT_EQ(render("{% if n == 1 %}a{% elif n == 3 %}b{% else %}c{% endif %}"), "b");
  // what a loop sets ends with the loop; a namespace outlives it
  EXPECT_EQ(render("{% set x = 1 %}{% set ns = namespace(y=1) %}{% for m in messages %}{% set x = 2 %}"
                   "{% set ns.y = ns.y + 1 %}{% endfor %}{{ x }}{{ ns.y }}"),
            "13");
}

TEST(JinjaTemplate, WhiteSpaceIsAsInTransformers) {
  EXPECT_EQ(render("a\n  {% if true %}\n  b\n  {% endif %}\nc\n"), "a\n  b\nc");
  EXPECT_EQ(render("a\n  {%- if true -%}\n  b\n  {%- endif %}\nc"), "abc");
  EXPECT_EQ(render("a \n {{- n -}} \n b"), "a3b");
  EXPECT_EQ(render("a {# comment #} b\n{# line #}\nc"), "a  b\nc");
  EXPECT_EQ(render("a\n  {%+ if true %}b{% endif +%}\nc"), "a\n  b\nc");
  EXPECT_EQ(render("x {% set a = 1 %}\ny"), "x y");
}

TEST(JinjaTemplate, WhatIsNotKnownIsAnErrorWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"a\n{% macro f() %}{% endmacro %}", "t:2: the statement 'macro'"},
      {"\n\n{{ x | upper }}", "t:3: the filter 'upper'"},
      {"{{ 'a'.title() }}", "t:1: the method 'title'"},
      {"{{ strftime_now('%d') }}", "t:1: the function 'strftime_now'"},
      {"{{ x is divisibleby(3) }}", "t:1: the test 'divisibleby'"},
      {"{% include 'x' %}", "t:1: the statement 'include'"},
      {"{% if x %}a", "t:1: the template ends before 'endif'"},
      {"{% endif %}", "t:1: the statement 'endif'"},
      {"{{ 1 +", "t:1: '{{' does not end"},
      {"{{ 'a", "t:1: the string does not end"},
      {"{{ 1 < 2 < 3 }}", "t:1: a chain of comparisons"},
      {"{{ $ }}", "t:1: the character '$'"},
      {"{% set x %}a{% endset %}", "t:1: only `set name = expression`"},
      {"\n{{ 'a' + 1 }}", "t:2: a string + a number has no meaning"},
      {"{{ missing.x }}", "t:1: an item of something undefined"},
      {"{{ messages }}", "t:1: a list cannot be printed"},
      {"{{ 1 // 0 }}", "t:1: division by zero"},
      {"{{ raise_exception('no tools') }}", "t:1: the template refuses: no tools"}};
  for (const auto& [source, wanted] : cases) {
    const std::string message = testing::message_of<DataError>([&] { render(source); });
    EXPECT_NE(message.find(wanted), std::string::npos) << source << "\n" << message;
  }
}

TEST(JinjaTemplate, HostileTemplatesEnd) {
  std::string doubling = "{% set s = 'aaaaaaaaaaaaaaaa' %}";
  for (int i = 0; i < 60; ++i) doubling += "{% set s = s + s %}";
  EXPECT_THROW(render(doubling), DataError);
  EXPECT_THROW(render("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
               DataError);
  EXPECT_THROW(render("{{ " + std::string(100000, '(') + "1" + std::string(100000, ')') + " }}"), DataError);
  std::string sum = "{{ 1";
  for (int i = 0; i < 100000; ++i) sum += " + 1";
  EXPECT_THROW(render(sum + " }}"), DataError);
  std::string blocks;
  for (int i = 0; i < 10000; ++i) blocks += "{% if true %}";
  EXPECT_THROW(render(blocks), DataError);
}

}  // namespace
}  // namespace genesis::data::jinja
