// What the tests of the core share: how they check, and the models that they search.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "space.hpp"

namespace explorer {

inline std::atomic<int> failures = 0;
#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            ++failures;                                                       \
        }                                                                     \
    } while (false)

// For the end of each program.
inline int outcome(const char* what) {
    if (failures == 0) std::printf("all tests of %s pass\n", what);
    return failures != 0;
}

const auto go_on = [](const Found&) { return true; };

// With how many threads a search is tried. Of one alone the thread sanitizer has nothing to say.
#ifdef __SANITIZE_THREAD__
constexpr bool is_about_threads = true;
constexpr unsigned thread_counts[] = {3};
#else
constexpr bool is_about_threads = false;
constexpr unsigned thread_counts[] = {1, 3};
#endif

// A model that answers everything with as little as there can be.
struct Quiet : Model {
    std::atomic<int> guests{0}, most_guests{0};
    std::shared_ptr<void> guest() override {
        const int now = ++guests;
        for (int most = most_guests; most < now && !most_guests.compare_exchange_weak(most, now);) {
        }
        // Nobody is to be done before the next one has come.
        if (most_guests == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return {this, [this](void*) { --guests; }};
    }
    // Whether threads were in truth at work at the same time, if there were to be several.
    bool has_had_guests(unsigned threads) const { return threads == 1 || most_guests > 1; }

    std::vector<LocalStep> actions(Node) override { return {}; }
    LocalStep restart(Node node) override { return {node, {}, 0, 0, {}}; }
    LocalStep receive(Node node, Message) override { return {node, {}, 0, 0, {}}; }
    bool is_obsolete(Node, Message) override { return false; }
    History observe(History history, Node, Node) override { return history; }
    std::array<std::uint8_t, 2> channel(Message) override { return {0, 1}; }
    Node rename_node(std::uint32_t, Node node) override { return node; }
    Message rename_message(std::uint32_t, Message message) override { return message; }
    History rename_history(std::uint32_t, History history) override { return history; }
    std::uint32_t projection(std::uint32_t, Node node) override { return node; }
    bool holds(std::uint32_t, std::span<const std::uint8_t>, const Shape&, const Shape*) override {
        return true;
    }
    bool holds_of_message(std::uint32_t, Message) override { return true; }
    bool local_holds(const StepName&, const Shape&) override { return true; }
    std::uint8_t outlook(std::uint32_t, const Shape&) override { return 0; }
};

// Each server counts round from 0 to n - 1. Nothing is sent. So each state is a question to the model,
// and one thread asks them all.
struct Counters : Quiet {
    Node n, forbidden, thrower;
    std::atomic<int> asked{0};
    Counters(Node n, Node forbidden = ~0u, Node thrower = ~0u)
        : n(n), forbidden(forbidden), thrower(thrower) {}
    std::vector<LocalStep> actions(Node node) override {
        if (node == thrower) throw std::runtime_error("the model fails");
        return {{(node + 1) % n, {}, 0, 0, {}}};
    }
    bool holds(std::uint32_t, std::span<const std::uint8_t> at, const Shape& state, const Shape*) override {
        ++asked;
        return state.nodes[at[0]] != forbidden;
    }
    bool is_obsolete(Node, Message) override { return true; }  // nothing is done on receipt
};

// Server 0 sends the messages 1 to n to server 1, which only takes them.
struct Sender : Counters {
    using Counters::Counters;
    std::vector<LocalStep> actions(Node node) override {
        if (node >= n) return {};
        return {{node + 1, {node + 1}, 0, 0, {}}};
    }
};

inline Setting setting(std::uint32_t servers, unsigned threads, std::uint64_t messages = 0,
                       Faults faults = {}) {
    return {servers, false, {messages, faults, ~0ull}, false, 0, {}, threads,
            std::size_t{1} << 34};
}

// How many messages have a number, before the first keys are outgrown.
inline std::uint64_t messages_at_first(const Setting& setting) {
    Quiet model;
    return Space(model, {}, setting).layout().max_messages() - 1;
}

inline bool is_same(const Found& one, const Found& other) {
    return one.ending == other.ending && one.depth == other.depth &&
           one.covered_depth == other.covered_depth &&
           one.tally.distinct == other.tally.distinct &&
           one.tally.transitions == other.tally.transitions && one.tally.names == other.tally.names &&
           one.tally.cut == other.tally.cut;
}

inline Property of_servers(bool is_sometimes) {
    Property property{};
    property.kind = Kind::state;
    property.slots = 1;
    property.states = true;
    property.is_sometimes = is_sometimes;
    return property;
}

inline std::string a_new_folder() {
    std::string name = "/tmp/core-tests-XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    return name;
}

}  // namespace explorer
