// Tests of searches in memory, by models that are counted by hand.
#include <string>

#include "search.hpp"
#include "support.hpp"

namespace explorer::search_tests {
namespace {

void counters_reach_every_combination() {
    for (unsigned threads : thread_counts) {
        Counters model(20);
        const Found found = Search(model, {}, setting(3, threads)).run({0, 0, 0}, 0, go_on);
        CHECK(found.ending == Ending::covered);
        CHECK(found.tally.distinct == 8'000);      // 20^3
        CHECK(found.tally.transitions == 24'000);  // each server steps in each
        CHECK(found.depth == 58);                  // 3 * 19 steps to the last
    }
}

void symmetry_leaves_one_of_each_orbit() {
    for (std::uint8_t servers = 2; servers <= 7; ++servers) {
        Counters model(4);
        Setting renamed = setting(servers, 2);
        renamed.renamed = {servers, 0};
        const std::vector<Node> start(servers, 0);
        std::uint64_t multisets = 1;  // of so many out of 4: (servers + 3) over 3
        for (int each = 1; each <= 3; ++each) multisets = multisets * (servers + each) / each;
        CHECK(Search(model, {}, renamed).run(start, 0, go_on).tally.distinct == multisets);
    }
}

// Each server points at a server, as 4 * the one that points + the other, and may choose another.
struct Pointers : Counters {
    Pointers() : Counters(0) {}
    std::vector<LocalStep> actions(Node node) override {
        std::vector<LocalStep> result;
        for (Node other = 0; other < 4; ++other)
            result.push_back({node / 4 * 4 + other, {}, 0, 0, {}});
        return result;
    }
    Node rename_node(std::uint32_t swap, Node node) override {
        static const Node pairs[6][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
        const auto [one, other] = pairs[swap];
        const auto to = [&](Node name) { return name == one ? other : name == other ? one : name; };
        return 4 * to(node / 4) + to(node % 4);
    }
};

// Where servers know names the least of all images is found as well, without trying all.
void symmetry_leaves_one_of_each_map() {
    Pointers model;
    Setting renamed = setting(4, 2);
    renamed.renamed = {4, 0};
    const Found found = Search(model, {}, renamed).run({0, 4, 8, 12}, 0, go_on);
    CHECK(found.tally.distinct == 19);  // maps of 4 things to themselves, up to their names
}

void a_swap_that_is_none_is_refused() {
    struct Grows : Pointers {
        Node rename_node(std::uint32_t, Node node) override { return node + 16; }
    } model;
    Setting renamed = setting(4, 1);
    renamed.renamed = {4, 0};
    bool is_refused = false;
    try {
        Search(model, {}, renamed).run({0, 4, 8, 12}, 0, go_on);
    } catch (const std::runtime_error&) {
        is_refused = true;
    }
    CHECK(is_refused);
}

void messages_make_the_layout_grow() {
    // After c sends any subset of c messages is in flight; ten do not fit into the first layout.
    CHECK(messages_at_first(setting(2, 1, 12)) < 10);
    for (unsigned threads : thread_counts) {
        Sender model(10);
        const auto distinct = [&](const Setting& each) {
            return Search(model, {}, each).run({0, 100}, 0, go_on).tally.distinct;
        };
        CHECK(distinct(setting(2, threads, 12)) == 2047);  // the sum of 2^c
        // A drop was used only where one of the c is missing: 2 * 2047 - 11.
        CHECK(distinct(setting(2, threads, 12, {0, 1, 0})) == 4083);
        Setting fifo = setting(2, threads, 12);
        fifo.is_fifo = true;
        // A reduced search takes each message as soon as it is sent: 1 + 2 * 10.
        Setting reduced = setting(2, threads, 12);
        reduced.is_reduced = true;
        CHECK(distinct(reduced) == 21);
        CHECK(distinct(fifo) == 66);  // what is in flight is the last of the c: the sum of c + 1
    }
}

void a_violation_ends_the_search_at_its_level() {
    Counters model(40, 5);
    Property never_five{};
    never_five.kind = Kind::state;
    never_five.slots = 1;
    never_five.states = true;
    Search search(model, {never_five}, setting(3, 2));
    const Found found = search.run({0, 0, 0}, 0, go_on);
    CHECK(found.ending == Ending::violated);
    CHECK(found.covered_depth == 5 && found.depth == 6);  // five steps to the first 5
    CHECK(model.asked <= 3 * 6);  // each once of each server and each of 0 to 5
    search.find_ways({0, 0, 0}, 0, go_on);
    CHECK(search.is_on_the_way(4, {{0, 4, 0}, 0, {}, {}}));
    CHECK(!search.is_on_the_way(4, {{2, 2, 0}, 0, {}, {}}));
}

void memory_and_heartbeat_stop_a_search() {
    Counters model(40);
    Setting little = setting(3, 2);
    little.memory = 1;
    const Found full = Search(model, {}, little).run({0, 0, 0}, 0, go_on);
    CHECK(full.ending == Ending::out_of_memory && full.tally.distinct < 64'000);
    const Found stopped =
        Search(model, {}, setting(3, 2)).run({0, 0, 0}, 0, [](const Found&) { return false; });
    CHECK(stopped.ending == Ending::interrupted && stopped.tally.distinct == 1);
}

void what_the_model_throws_is_thrown_by_the_search() {
    for (unsigned threads : thread_counts) {
        Counters model(40, ~0u, 30);
        std::string message;
        try {
            Search(model, {}, setting(3, threads)).run({0, 0, 0}, 0, go_on);
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        CHECK(message == "the model fails");
    }
}

// The sender of one message: each fault can happen to it, and each is counted.
void every_fault_is_counted() {
    Sender model(1);
    const auto found = [&](Faults faults) {
        Setting each = setting(2, 1, 2, faults);
        return Search(model, {}, each).run({0, 100}, 0, go_on);
    };
    const Found none = found({});
    CHECK(none.tally.distinct == 3 && none.tally.transitions == 2);  // sent, received
    // Each server may restart in each of 3 states, once in all; to the second count, the same.
    const Found restarted = found({1, 0, 0});
    CHECK(restarted.tally.distinct == 6 && restarted.tally.transitions == 4 + 6);
    const Found dropped = found({0, 1, 0});
    CHECK(dropped.tally.distinct == 4 && dropped.tally.transitions == 3);
    CHECK(dropped.tally.lost == 1);
    const Found duplicated = found({0, 0, 1});
    // Received with a copy left, and then received again.
    CHECK(duplicated.tally.distinct == 5 && duplicated.tally.transitions == 4);
    // What is in flight in one state only could not be lost, nor delivered twice.
    CHECK(none.tally.cut[Cut::drops] == 1 && none.tally.cut[Cut::duplicates] == 1);
    CHECK(none.tally.cut[Cut::restarts] == 2 * 3);
}

// What does not fit into a key becomes a number, and the search goes on; as many of everything as
// there may be.
void nothing_is_too_many() {
    for (unsigned threads : thread_counts) {
        const auto sends = [&](Node n, std::uint64_t most) {
            // Of the c messages sent any subset is in flight, and each of it can be received.
            std::uint64_t states = 0, sent = 0, received = 0;
            for (std::uint64_t c = 0; c <= n; ++c) {
                states += 1u << c;
                if (c < n) sent += 1u << c;
                if (c > 0) received += c << (c - 1);
            }
            Sender model(n);
            const Found found = Search(model, {}, setting(2, threads, most)).run({0, 100}, 0, go_on);
            CHECK(found.tally.distinct == states);
            CHECK(found.tally.transitions == sent + received);
            CHECK(found.tally.names[0] == sent + received);
            CHECK(model.has_had_guests(threads));
        };
        // Packed at first: 15 messages of 4 bits leave too few for the last servers. There are more
        // states than the first table has room for.
        sends(15, 15);
        sends(12, ~std::uint64_t{0});  // never packed
        // A million restarts of two servers, of which 29 happen: not sent, in flight, and received.
        Sender one(1);
        Setting restarts = setting(2, threads, 1, {1'000'000, 0, 0});
        restarts.limits.depth = 30;
        CHECK(Search(one, {}, restarts).run({0, 100}, 0, go_on).tally.distinct == 30 + 29 + 28);
    }
}

void more_messages_than_two_bytes_can_number() {
    struct Talker : Counters {
        using Counters::Counters;
        std::vector<LocalStep> actions(Node node) override {
            std::vector<LocalStep> found;
            for (Message message = 1; node == 0 && message <= 66'000; ++message)
                found.push_back({1, {message}, 0, 0, {}});
            return found;
        }
    } model(1);
    const Found found = Search(model, {}, setting(2, 1, 1)).run({0, 2}, 0, go_on);
    CHECK(found.tally.distinct == 1 + 66'000 + 1);  // none, each one, and again none
}

// All threads find at the same time that there are more faults than keys have bits for.
void threads_run_out_of_bits_for_faults_at_once() {
    for (unsigned threads : thread_counts) {
        Sender model(9);
        Setting each = setting(2, threads, 12, {0, 9, 9});
        const Found found = Search(model, {}, each).run({0, 100}, 0, go_on);
        CHECK(found.ending == Ending::covered && found.tally.distinct > 50'000);
        CHECK(model.has_had_guests(threads));
    }
}

// What the model failed to answer is asked again, and no answer is made up meanwhile.
void a_question_that_failed_is_asked_again() {
    struct Failing : Counters {
        using Counters::Counters;
        int failures = 1;
        History observe(History history, Node, Node after) override {
            if (after == 3 && failures-- > 0) throw std::runtime_error("not now");
            return std::max(history, after);
        }
    } model(5);
    Search search(model, {}, setting(1, 1));
    bool failed = false;
    try {
        search.run({0}, 0, go_on);
    } catch (const std::runtime_error&) {
        failed = true;
    }
    CHECK(failed);
    Search again(model, {}, setting(1, 1));
    CHECK(again.run({0}, 0, go_on).tally.distinct == 9);  // once round, and with 4 seen all of it
}

}  // namespace

void run() {
    counters_reach_every_combination();
    symmetry_leaves_one_of_each_orbit();
    symmetry_leaves_one_of_each_map();
    a_swap_that_is_none_is_refused();
    messages_make_the_layout_grow();
    a_violation_ends_the_search_at_its_level();
    memory_and_heartbeat_stop_a_search();
    what_the_model_throws_is_thrown_by_the_search();
    every_fault_is_counted();
    nothing_is_too_many();
    if (!is_about_threads) more_messages_than_two_bytes_can_number();
    threads_run_out_of_bits_for_faults_at_once();
    a_question_that_failed_is_asked_again();
}

}  // namespace explorer::search_tests
