// Tests of random walks.
#include <set>
#include <vector>

#include "support.hpp"
#include "walks.hpp"

namespace explorer::walk_tests {
namespace {

// What the servers of a Sender offer: an action, and one that is never enabled.
struct Offered : Sender, Offering {
    using Sender::Sender;
    std::vector<std::uint64_t> offered(Node) override { return {7, 8}; }
    std::optional<LocalStep> act(Node node, std::uint32_t number) override {
        ++asked;
        if (node == thrower) throw std::runtime_error("the model fails");
        if (number == 1 || node >= n) return std::nullopt;
        return actions(node)[0];
    }
    std::uint64_t hash_of_node(Node node) override { return node; }
    std::uint64_t hash_of_message(Message message) override { return message; }
    std::uint64_t hash_of_history(History) override { return 1; }
};

WalkSetting walk_setting(bool is_fifo, std::uint64_t messages, Faults faults) {
    const SwarmTable swarm{{64}, {0, 1, 8}, {1, 4, 16}, {0, 1, 4, 16}, {{1, 1}, {10, 13}, {1, 2}},
                           std::uint64_t{1} << 40, 5, {0, 1, 2, 3, 4}, {11, 12}};
    return {2, is_fifo, messages, faults, 0, swarm};
}

bool alike(const Walked& one, const Walked& other) {
    return one.steps == other.steps && one.is_violated == other.is_violated &&
           one.names == other.names && one.cut == other.cut && one.hashes == other.hashes;
}

void a_walk_depends_on_its_seed_alone() {
    for (const bool is_fifo : {false, true}) {
        Offered model(200), another(200);
        const WalkSetting setting = walk_setting(is_fifo, 1000, {3, 3, 3});
        Walks many(model, model, {}, setting);
        std::set<std::vector<std::uint64_t>> different;
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const Walked first = many.walk(seed, 300, {0, 300}, 1);
            Walks alone(another, another, {}, setting);
            CHECK(alike(first, alone.walk(seed, 300, {0, 300}, 1)));
            CHECK(alike(first, many.walk(seed, 300, {0, 300}, 1)));
            CHECK(first.hashes.size() == first.steps + 1);
            different.insert(first.hashes);
        }
        CHECK(different.size() == 20);
    }
}

void what_is_known_is_not_asked_again() {
    Offered model(50);
    Walks walks(model, model, {}, walk_setting(false, 1000, {0, 0, 0}));
    walks.walk(1, 500, {0, 60}, 1);
    const int asked = model.asked;
    walks.walk(1, 500, {0, 60}, 1);
    CHECK(model.asked == asked);
}

void a_walk_ends_where_nothing_is_enabled() {
    Offered model(5);
    Walks walks(model, model, {}, walk_setting(false, 1000, {0, 2, 0}));
    const Walked walked = walks.walk(3, 500, {0, 60}, 1);
    CHECK(walked.steps == 10);  // five messages sent, and each of them received or lost
    CHECK(walked.cut[1] > 0);   // restarts were drawn, and are not allowed
    Walks few(model, model, {}, walk_setting(false, 0, {0, 0, 0}));
    const Walked none = few.walk(3, 500, {0, 60}, 1);
    CHECK(none.steps == 0);
    CHECK(none.cut[0] == 1);
}

void a_walk_ends_with_a_violation() {
    Offered model(50, 10);  // no server may be in the state 10
    Walks walks(model, model, {of_servers(false)}, walk_setting(false, 1000, {0, 0, 0}));
    const Walked walked = walks.walk(1, 500, {0, 60}, 1);
    CHECK(walked.is_violated);
    CHECK(walked.steps >= 10);
    CHECK(walked.steps < 50);
    CHECK(walks.walk(2, 500, {10, 60}, 1).steps == 0);
    Walks sometimes(model, model, {of_servers(true)}, walk_setting(false, 1000, {0, 0, 0}));
    CHECK(!sometimes.walk(1, 500, {0, 60}, 1).is_violated);
    CHECK(sometimes.reached()[0]);
}

void a_walk_throws_what_the_model_throws() {
    Offered model(50, ~0u, 7);
    Walks walks(model, model, {}, walk_setting(false, 1000, {0, 0, 0}));
    for (int time = 0; time < 2; ++time) {
        bool thrown = false;
        try {
            walks.walk(1, 500, {0, 60}, 1);
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        CHECK(thrown);
    }
}

}  // namespace

void run() {
    a_walk_depends_on_its_seed_alone();
    what_is_known_is_not_asked_again();
    a_walk_ends_where_nothing_is_enabled();
    a_walk_ends_with_a_violation();
    a_walk_throws_what_the_model_throws();
}

}  // namespace explorer::walk_tests
