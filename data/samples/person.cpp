#include "data/samples/person.h"

#include <array>

namespace genesis::data::samples {
namespace {

constexpr std::array<std::string_view, 24> kNames = {
    "Anna", "Ben",  "Clara", "David", "Emma",  "Felix", "Grace", "Henry", "Ida", "Jack",   "Kate",  "Leo",
    "Mia",  "Noah", "Olga",  "Paul",  "Quinn", "Rosa",  "Sam",   "Tina",  "Uma", "Victor", "Wendy", "Zoe"};
constexpr std::array<std::string_view, 20> kCities = {
    "Athens",  "Berlin", "Cairo", "Delhi",  "Geneva", "Lima", "Lisbon", "London", "Madrid", "Milan",
    "Nairobi", "Oslo",   "Paris", "Prague", "Quito",  "Rome", "Seoul",  "Tokyo",  "Vienna", "Warsaw"};
constexpr std::array<std::string_view, 12> kPets = {"bird", "cat",     "cow",   "dog",    "duck",   "fish",
                                                    "goat", "hamster", "horse", "parrot", "rabbit", "snake"};

}  // namespace

Dialogue person(Draw& draw, Side side, int turns) {
  std::string_view name, city, pet;
  std::string subject;
  do {
    name = draw.pick(kNames);
    city = draw.pick(kCities);
    pet = draw.pick(kPets);
    subject = fmt::format("{},{},{}", name, city, pet);
  } while (side_of("person|" + subject) != side);

  Dialogue dialogue;
  dialogue.push_back({say(draw,
                          {"My name is {}. I live in {} and I have a {}.",
                           "I am {}, I live in {} with my {}.", "Hello! I am {} from {} and my pet is a {}."},
                          name, city, pet),
                      fmt::format("Nice to meet you, {}!", name), key_of("greet", subject)});
  while (int(dialogue.size()) < turns) {
    switch (draw.below(3)) {
      case 0:
        dialogue.push_back({say(draw, {"What is my name?", "Who am I?", "Do you know my name?"}),
                            fmt::format("Your name is {}.", name), key_of("name", subject)});
        break;
      case 1:
        dialogue.push_back({say(draw, {"Where do I live?", "Which city do I live in?", "What is my city?"}),
                            fmt::format("You live in {}.", city), key_of("city", subject)});
        break;
      default:
        dialogue.push_back({say(draw, {"What pet do I have?", "Which animal do I have?", "What is my pet?"}),
                            fmt::format("You have a {}.", pet), key_of("pet", subject)});
    }
  }
  return dialogue;
}

}  // namespace genesis::data::samples
