// Tests of the native engine's core, without Python; built under sanitizers by .ci/run.
#include <barrier>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <unordered_set>

#include "checkpoint.hpp"
#include "distributed.hpp"
#include "hashes.hpp"
#include "on_disk.hpp"
#include "search.hpp"
#include "walks.hpp"

using namespace explorer;

namespace {

int failures = 0;
#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            ++failures;                                                       \
        }                                                                     \
    } while (false)

const auto go_on = [](const Found&) { return true; };

// ---- Tables

void growth_keeps_exactly_the_same_set(std::size_t capacity, unsigned threads) {
    std::mt19937_64 random(1);
    Visited visited(64 * capacity);
    visited.start_with(capacity);
    std::unordered_set<std::uint64_t> expected;
    for (std::size_t factor : {9, 11, 13, 15}) {
        while (expected.size() < visited.room()) {
            const std::uint64_t key = random() | 1;
            CHECK(visited.insert(key, visited.home(key)) == expected.insert(key).second);
        }
        visited.grow(visited.capacity() * factor / 8, threads);
        std::size_t held = 0;
        for (std::size_t slot = 0; slot < visited.slots(); ++slot) held += visited.at(slot) != 0;
        CHECK(held == expected.size());
        for (std::uint64_t key : expected) CHECK(visited.contains(key));
        for (int trial = 0; trial < 1000; ++trial) {
            const std::uint64_t key = random() & ~std::uint64_t{1};
            CHECK(key == 0 || !visited.contains(key));
        }
    }
}

void threads_count_each_key_once() {
    Visited visited(std::size_t{1} << 20);
    std::atomic<int> added{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([&] {
            for (std::uint64_t key = 1; key <= 40000; ++key) added += visited.insert(key, visited.home(key));
        });
    for (std::thread& each : threads) each.join();
    CHECK(added == 40000);
}

void equal_sequences_have_one_number() {
    Interner interner;
    for (int round = 0; round < 2; ++round)
        for (Word word = 0; word < 1000; ++word) {
            const Word sequence[] = {word % 10, word / 10};
            CHECK(interner.intern(sequence) == word + 1);
        }
    CHECK(interner.size() == 1000);
    CHECK(interner.intern({}) == 1001);  // the empty one is a sequence, too
}

// A model of which messages alone are of interest: message m goes by channel m % 3, out of three
// servers, and the renaming of two of them swaps the channels 0 and 1.
struct Talk : Model {
    std::vector<LocalStep> actions(Node) override { return {}; }
    LocalStep restart(Node node) override { return {node, {}, 0, 0, {}}; }
    LocalStep receive(Node node, Message) override { return {node, {}, 0, 0, {}}; }
    bool is_obsolete(Node, Message) override { return false; }
    History observe(History history, Node, Node) override { return history; }
    std::array<std::uint8_t, 2> channel(Message m) override {
        return {0, static_cast<std::uint8_t>(m % 3)};
    }
    static Message swapped(Message m) { return m % 3 == 0 ? m + 1 : m % 3 == 1 ? m - 1 : m; }
    Node rename_node(std::uint32_t, Node node) override { return node; }
    Message rename_message(std::uint32_t, Message m) override {
        return swapped(m);
    }
    History rename_history(std::uint32_t, History history) override { return history; }
    std::uint32_t projection(std::uint32_t, Node node) override { return node; }
    bool holds(std::uint32_t, std::span<const std::uint8_t>, const Shape&, const Shape*) override {
        return true;
    }
    bool holds_of_message(std::uint32_t, Message) override { return true; }
    bool local_holds(const StepName&, const Shape&) override { return true; }
    std::uint8_t outlook(std::uint32_t, const Shape&) override { return 0; }
};

// Both ways to have a network, with the numbers 1 to 29 for as many messages.
template <class Networks>
struct Flights {
    Talk talk;
    std::mutex asking;
    Symmetry symmetry{talk, {2, 0}};
    Messages messages{talk, symmetry, asking, 3};
    Networks networks;
    std::uint64_t now = 0;
    Flights(bool is_fifo, int max_size) : networks(messages, is_fifo, max_size) {
        for (Message m = 1; m < 30; ++m) CHECK(messages.learn(m) == m);
        if constexpr (requires { networks.set_message_bits(5); }) networks.set_message_bits(5);
    }
    bool send(Word message) {
        typename Networks::Draft draft;
        networks.begin(draft, networks.view(now));
        const bool fits = networks.send(draft, message);
        if (fits) now = networks.placed(draft, nullptr);
        return fits;
    }
    void take(int place) {
        typename Networks::Draft draft;
        networks.begin_without(draft, networks.view(now), place);
        now = networks.placed(draft, nullptr);
    }
    // What is in flight of another number, or after a renaming.
    std::vector<Word> all_of(std::uint64_t number) const {
        std::vector<Word> all;
        for (int place = 0; place < networks.size(networks.view(number)); ++place)
            all.push_back(networks.at(networks.view(number), place));
        return all;
    }
    std::uint64_t renamed(const Renamings& renamings) {
        typename Networks::Draft draft;
        networks.begin(draft, networks.view(now));
        return networks.placed(draft, &renamings);
    }
};

template <class Networks>
void a_network_that_is_a_set_is_sorted() {
    std::mt19937 random(2);
    for (int trial = 0; trial < 200; ++trial) {
        Flights<Networks> flights(false, 12);
        std::set<Word> twin;
        for (int step = 0; step < 40; ++step) {
            if (!twin.empty() && random() % 3 == 0) {
                const int place = static_cast<int>(random() % twin.size());
                twin.erase(flights.all_of(flights.now)[static_cast<std::size_t>(place)]);
                flights.take(place);
            } else {
                const Word message = 1 + random() % 20;
                const bool fits = twin.contains(message) || twin.size() < 12;
                CHECK(flights.send(message) == fits);
                if (fits) twin.insert(message);
            }
            CHECK(flights.all_of(flights.now) == std::vector<Word>(twin.begin(), twin.end()));
        }
    }
}

// The queues of each channel, in the order of the channels.
template <class Networks>
void a_network_of_queues_keeps_the_order_of_each_channel() {
    std::mt19937 random(3);
    const auto in_a_row = [](const std::vector<Word> (&queues)[3]) {
        std::vector<Word> all;
        for (const auto& queue : queues) all.insert(all.end(), queue.begin(), queue.end());
        return all;
    };
    for (int trial = 0; trial < 200; ++trial) {
        Flights<Networks> flights(true, 12);
        std::vector<Word> twin[3], renamed[3];
        for (int step = 0; step < 40; ++step) {
            const std::vector<Word> all = flights.all_of(flights.now);
            if (!all.empty() && random() % 3 == 0) {
                const std::size_t place = random() % all.size();
                auto& queue = twin[all[place] % 3];
                const auto view = flights.networks.view(flights.now);
                const bool is_next = place == 0 || all[place] % 3 != all[place - 1] % 3;
                CHECK(flights.networks.is_deliverable(view, static_cast<int>(place)) == is_next);
                if (!is_next) continue;
                CHECK(queue.front() == all[place]);
                queue.erase(queue.begin());
                flights.take(static_cast<int>(place));
            } else {
                const Word message = 3 + random() % 26;
                CHECK(flights.send(message) == (all.size() < 12));
                if (all.size() < 12) twin[message % 3].push_back(message);
            }
            CHECK(flights.all_of(flights.now) == in_a_row(twin));
        }
        for (const auto& queue : twin)
            for (Word m : queue) renamed[Talk::swapped(m) % 3].push_back(Talk::swapped(m));
        CHECK(flights.all_of(flights.renamed({1})) == in_a_row(renamed));
    }
}

template <class Networks>
void a_network_that_holds_nothing() {
    Flights<Networks> flights(false, 0);
    CHECK(flights.all_of(0).empty());
    CHECK(!flights.send(1) && flights.now == 0);
}

// Which of its renamings stands for a network does not depend on how it is stored.
void the_least_renaming_is_the_same_either_way() {
    std::mt19937 random(5);
    for (bool is_fifo : {false, true})
        for (int trial = 0; trial < 500; ++trial) {
            Flights<PackedNetworks> packed(is_fifo, 12);
            Flights<InternedNetworks> interned(is_fifo, 12);
            for (auto left = random() % 12; left > 0; --left) {
                const Word message = 3 + random() % 26;
                CHECK(packed.send(message) == interned.send(message));
            }
            CHECK(packed.all_of(packed.renamed({0, 1})) ==
                  interned.all_of(interned.renamed({0, 1})));
        }
}

// Thousands of networks, large ones among them, from several threads: each has one number.
void a_network_has_one_number() {
    Flights<InternedNetworks> flights(false, 1 << 20);
    const auto network = [](std::uint32_t seed) {
        std::vector<Word> messages;
        const std::uint32_t size = 1 + seed % 7 + (seed % 1000 == 0 ? 5000 : 0);
        for (std::uint32_t at = 0; at < size; ++at) messages.push_back(seed * 31 + at);
        return messages;
    };
    constexpr std::uint32_t many = 5000;
    std::vector<std::vector<std::uint64_t>> numbers(3);
    std::vector<std::thread> threads;
    for (auto& own : numbers)
        threads.emplace_back([&] {
            for (std::uint32_t seed = 0; seed < many; ++seed)
                own.push_back(flights.networks.intern(network(seed)));
        });
    for (std::thread& each : threads) each.join();
    CHECK(numbers[0] == numbers[1] && numbers[1] == numbers[2]);
    CHECK(std::set<std::uint64_t>(numbers[0].begin(), numbers[0].end()).size() == many);
    for (std::uint32_t seed = 0; seed < many; ++seed)
        CHECK(flights.all_of(numbers[0][seed]) == network(seed));
    flights.networks.settle();
    std::uint64_t count = 0;
    for (auto number = flights.networks.first(); number != 0; number = flights.networks.after(number))
        ++count;
    CHECK(count == many);
    flights.networks.set_limit(numbers[0][10]);
    bool is_over = false;
    try {
        flights.networks.intern(network(10));
    } catch (const Overflow&) {
        is_over = true;
    }
    CHECK(is_over);
}

// One thread adds while another reads what was published.
void receipts_and_stable_are_read_while_they_grow() {
    Receipts receipts(512);
    Segments<int> stable;
    std::vector<Edge> edges(200);
    std::atomic<std::size_t> published{0};
    std::thread reader([&] {
        for (std::size_t seen = 0; seen < 200; seen = published.load(std::memory_order_acquire))
            for (std::size_t at = 0; at < seen; ++at) {
                CHECK(receipts.find(static_cast<Message>(at + 1)) == &edges[at]);
                CHECK(stable[at * 1000] == static_cast<int>(at));
            }
    });
    for (std::size_t at = 0; at < 200; ++at) {
        stable.make_room_for(at * 1000);
        stable[at * 1000] = static_cast<int>(at);
        CHECK(receipts.add(static_cast<Message>(at + 1), &edges[at]));
        published.store(at + 1, std::memory_order_release);
    }
    reader.join();
    CHECK(receipts.find(201) == nullptr);
    CHECK(receipts.twice_as_large()->find(200) == &edges[199]);
    Receipts small(8);
    for (Message message = 1; message <= 5; ++message)
        CHECK(small.add(message, &edges[0]) == (message <= 4));  // at most half full
}

void a_layout_may_have_no_bits_for_messages() {
    const Layout layout(30, {30, 4, 0}, 1);  // 64 bits without any message
    const std::uint64_t key = 5 | 3 * layout.one(1);
    CHECK(layout.network(key) == 0);
    CHECK(layout.faults_in_place(key) == 3 * layout.one(1));
    CHECK(layout.placed(0) == 0);
}

void a_layout_gives_back_what_was_placed() {
    for (int bits = 3; bits <= 5; ++bits) {
        const Layout layout(8, {1, 2, 1}, bits);
        const std::uint64_t network = (std::uint64_t{1} << 10 * bits) - 1;
        const std::uint64_t key = layout.placed(network) | 3 * layout.one(1) | layout.one(2) | 200;
        CHECK(layout.servers(key) == 200);
        CHECK(layout.faults(key, 0) == 0 && layout.faults(key, 1) == 3 && layout.faults(key, 2) == 1);
        CHECK(layout.network(key) == network);
    }
}

void a_layout_is_packed_while_it_can_be() {
    const auto of = [](std::uint64_t servers, std::uint64_t messages, std::uint64_t networks,
                       std::uint64_t in_flight) {
        return Layout::of({servers, messages, networks, {1, 1, 1}}, in_flight);
    };
    CHECK(of(1000, 259, 1, 5)->is_packed());
    CHECK(!of(1000, 259, 1, 6)->is_packed());   // 6 * 9 + 10 + 3 = 67 bits
    CHECK(of(1000, 15, 1, 12)->is_packed());
    CHECK(!of(1, 1, 1, ~0ull)->is_packed());
    CHECK(!of(std::uint64_t{1} << 30, 9, std::uint64_t{1} << 31, 99).has_value());
    const Layout numbers = *of(1000, 259, 70'000, 6);
    CHECK(numbers.max_servers() > 1000 && numbers.max_networks() > 70'000);
    CHECK(numbers.network(numbers.placed(70'000) | 7 | numbers.one(2)) == 70'000);
}

// ---- Searches

// Each server counts round from 0 to n - 1. Nothing is sent.
struct Counters : Model {
    Node n, forbidden, thrower;
    std::atomic<int> asked{0};
    Counters(Node n, Node forbidden = ~0u, Node thrower = ~0u)
        : n(n), forbidden(forbidden), thrower(thrower) {}
    std::vector<LocalStep> actions(Node node) override {
        if (node == thrower) throw std::runtime_error("the model fails");
        return {{(node + 1) % n, {}, 0, 0, {}}};
    }
    LocalStep restart(Node node) override { return {node, {}, 0, 0, {}}; }
    LocalStep receive(Node node, Message) override { return {node, {}, 0, 0, {}}; }
    History observe(History history, Node, Node) override { return history; }
    std::array<std::uint8_t, 2> channel(Message) override { return {0, 1}; }
    Node rename_node(std::uint32_t, Node node) override { return node; }
    Message rename_message(std::uint32_t, Message message) override { return message; }
    History rename_history(std::uint32_t, History history) override { return history; }
    std::uint32_t projection(std::uint32_t, Node node) override { return node; }
    bool holds(std::uint32_t, std::span<const std::uint8_t> at, const Shape& state, const Shape*) override {
        ++asked;
        return state.nodes[at[0]] != forbidden;
    }
    bool holds_of_message(std::uint32_t, Message) override { return true; }
    bool local_holds(const StepName&, const Shape&) override { return true; }
    bool is_obsolete(Node, Message) override { return true; }  // nothing is done on receipt
    std::uint8_t outlook(std::uint32_t, const Shape&) override { return 0; }
};

// Server 0 sends the messages 1 to n to server 1, which only takes them.
struct Sender : Counters {
    using Counters::Counters;
    std::vector<LocalStep> actions(Node node) override {
        if (node >= n) return {};
        return {{node + 1, {node + 1}, 0, 0, {}}};
    }
};

Setting setting(std::uint32_t servers, unsigned threads, std::uint64_t messages = 0,
                Faults faults = {}) {
    return {servers, false, {messages, faults, ~0ull}, false, 0, {}, threads,
            std::size_t{1} << 34};
}

void counters_reach_every_combination() {
    for (unsigned threads = 1; threads <= 4; ++threads) {
        Counters model(40);
        const Found found = Search(model, {}, setting(3, threads)).run({0, 0, 0}, 0, go_on);
        CHECK(found.ending == Ending::covered);
        CHECK(found.tally.distinct == 64'000);      // 40^3; more than the first table has room for
        CHECK(found.tally.transitions == 192'000);  // each server steps in each
        CHECK(found.depth == 118);                  // 3 * 39 steps to the last
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

void renamings_are_made_of_swaps() {
    const RenamingGroup group({4, 2});
    CHECK(group.size() == 48);
    for (std::size_t number = 0; number < group.size(); ++number) {
        const auto targets = group.targets(number);
        CHECK(group.number_of({targets.begin(), targets.end()}) == number);
        CHECK(group.swaps(number).size() <= 4);
        for (std::uint8_t name = 0; name < 6; ++name) {
            std::uint8_t to = name;
            for (std::uint16_t swap : group.swaps(number))
                for (std::uint8_t one = 0; one < 6; ++one)
                    for (std::uint8_t other = one + 1; other < 6; ++other)
                        if ((one < 4) == (other < 4) && group.swap(one, other) == swap) {
                            to = to == one ? other : to == other ? one : to;
                            one = other = 6;
                        }
            CHECK(to == targets[name]);
        }
    }
}

void messages_make_the_layout_grow() {
    // After c sends any subset of c messages is in flight; ten do not fit into the first layout.
    for (unsigned threads = 1; threads <= 4; ++threads) {
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
    for (unsigned threads = 1; threads <= 4; ++threads) {
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
    // Of the c messages sent any subset is in flight, and each of it can be received.
    std::uint64_t states = 0, sent = 0, received = 0;
    for (std::uint64_t c = 0; c <= 15; ++c) {
        states += 1u << c;
        if (c < 15) sent += 1u << c;
        if (c > 0) received += c << (c - 1);
    }
    for (unsigned threads : {1, 3}) {
        Sender model(15);
        for (const std::uint64_t most : {std::uint64_t{15}, ~std::uint64_t{0}}) {
            const Found found = Search(model, {}, setting(2, threads, most)).run({0, 100}, 0, go_on);
            CHECK(found.tally.distinct == states);
            CHECK(found.tally.transitions == sent + received);
            CHECK(found.tally.names[0] == sent + received);
        }
        // A million restarts of two servers, of which 29 happen: not sent, in flight, and received.
        Sender one(1);
        Setting restarts = setting(2, threads, 1, {1'000'000, 0, 0});
        restarts.limits.depth = 30;
        CHECK(Search(one, {}, restarts).run({0, 100}, 0, go_on).tally.distinct == 30 + 29 + 28);
    }
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

void a_bound_on_faults_may_take_32_bits() {
    const Layout layout(8, {32, 0, 0}, 1);
    CHECK(layout.faults(0xFFFFFFFFull << 8 | 3, 0) == 0xFFFFFFFF);
    CHECK(layout.servers(0xFFFFFFFFull << 8 | 3) == 3);
    const Layout full(30, {32, 2, 0}, 1);  // nothing is left for the third fault
    CHECK(full.faults(~0ull, 2) == 0 && full.one(2) == 0 && full.faults(~0ull, 1) == 3);
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

// ---- Checkpoints

bool is_same(const Found& one, const Found& other) {
    return one.ending == other.ending && one.depth == other.depth &&
           one.covered_depth == other.covered_depth &&
           one.tally.distinct == other.tally.distinct &&
           one.tally.transitions == other.tally.transitions && one.tally.names == other.tally.names &&
           one.tally.cut == other.tally.cut;
}

std::string a_new_folder() {
    std::string name = "/tmp/core-tests-XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    return name;
}

// Stopped after each few checkpoints, a search goes on in another one, and ends with the same.
template <class AModel>
void a_search_that_is_stopped_goes_on(const Setting& each, const std::vector<Node>& nodes) {
    AModel model(30);
    const Found expected = Search(model, {}, each).run(nodes, 0, go_on);
    const std::string folder = a_new_folder();
    Checkpoint::Files files;
    int stops = 0;
    for (bool is_over = false; !is_over; ++stops) {
        Search search(model, {}, each);
        int left = 1 + stops % 3;
        const auto commit = [&](const Checkpoint::Files& kept) {
            files = kept;
            return --left > 0;
        };
        Checkpoint checkpoint(search, folder, 0, commit, [](const std::string&) { CHECK(false); });
        if (!files.empty()) checkpoint.restore(files);
        const Found found = search.run(nodes, 0, go_on, &checkpoint);
        is_over = found.ending != Ending::interrupted;
        if (is_over) CHECK(is_same(found, expected));
    }
    CHECK(stops > 5);
    std::filesystem::remove_all(folder);
}

void a_file_that_was_changed_is_refused() {
    Counters model(10);
    const std::string folder = a_new_folder();
    Checkpoint::Files files;
    const auto commit = [&](const Checkpoint::Files& kept) { return files = kept, false; };
    const auto quiet = [](const std::string&) {};
    {
        Search search(model, {}, setting(3, 2));
        Checkpoint checkpoint(search, folder, 0, commit, quiet);
        search.run({0, 0, 0}, 0, go_on, &checkpoint);
    }
    for (const auto& [name, extent] : files)
        for (std::uint64_t word = 0; word < extent.words; ++word) {
            std::fstream file(folder + "/" + name, std::ios::in | std::ios::out | std::ios::binary);
            file.seekg(static_cast<std::streamoff>(8 * word));
            const char old = static_cast<char>(file.peek());
            const auto put = [&](char byte) {
                file.seekp(static_cast<std::streamoff>(8 * word));
                file.put(byte).flush();
            };
            put(static_cast<char>(old ^ 4));
            bool refused = false;
            Search search(model, {}, setting(3, 1));
            try {
                Checkpoint(search, folder, 0, commit, quiet).restore(files);
            } catch (const Damaged&) {
                refused = true;
            }
            CHECK(refused);
            put(old);
        }
    std::filesystem::remove_all(folder);
}

// ---- States on disk

Property of_servers(bool is_sometimes) {
    Property property{};
    property.kind = Kind::state;
    property.slots = 1;
    property.states = true;
    property.is_sometimes = is_sometimes;
    return property;
}

// Any keys: dense, far apart, with holes, with the highest bit.
std::vector<std::uint64_t> some_keys(std::mt19937_64& random, std::size_t most) {
    std::set<std::uint64_t> keys;
    const std::uint64_t mask = random() | random(), base = random() & random() & random();
    const int shift = static_cast<int>(random() % 64);
    for (std::size_t size = 1 + random() % most; size > 0; --size)
        keys.insert(base + ((random() & mask) >> shift));
    return {keys.begin(), keys.end()};
}

void coded_keys_are_read_as_they_were_added() {
    std::mt19937_64 random(1);
    for (int trial = 0; trial < 200; ++trial) {
        std::vector<std::uint64_t> keys = some_keys(random, CodedKeys::most);
        if (trial == 0) keys = {0};
        if (trial == 1) keys = {0, ~std::uint64_t{0}};
        if (trial == 2) keys = {~std::uint64_t{0}};
        if (trial == 3) {  // all widths, the narrowest and the widest among them
            keys = {7};
            for (int bit = 0; bit < 63; ++bit) keys.push_back(keys.back() + (std::uint64_t{1} << bit));
        }
        std::vector<std::uint64_t> words;
        CodedKeys::add(keys, words);
        const std::size_t size = words.size();
        words.resize(size + 2);
        const std::span block(words.data(), size);
        std::vector<std::uint64_t> read(CodedKeys::most);
        CHECK(CodedKeys::is_whole(block) && CodedKeys::first(block) == keys[0]);
        read.resize(CodedKeys::read(block, read.data()));
        CHECK(read == keys);
    }
}

void neighbours_take_two_bits() {
    std::vector<std::uint64_t> keys(CodedKeys::most), words;
    for (std::size_t at = 0; at < keys.size(); ++at) keys[at] = 1 + at;
    CodedKeys::add(keys, words);
    CHECK(words.size() == CodedKeys::head + CodedKeys::most / 32);
    for (std::uint64_t& key : keys) key = key << 40 | key % 2 << 3;  // all between is the same
    words.clear();
    CodedKeys::add(keys, words);
    CHECK(words.size() <= CodedKeys::head + 3 * CodedKeys::most / 32);
}

void keys_are_sorted_in_place() {
    std::mt19937_64 random(2);
    for (const std::size_t size : {0, 1, 2, 128, 129, 20'000})
        for (const int shift : {0, 20, 50, 64}) {
            std::vector<std::uint64_t> keys(size);
            for (std::uint64_t& key : keys) key = shift == 64 ? 7 : random() >> shift << (shift / 3);
            const std::set<std::uint64_t> expected(keys.begin(), keys.end());
            keys.resize(sort_and_drop_copies(keys));
            CHECK(std::equal(keys.begin(), keys.end(), expected.begin(), expected.end()));
        }
}

std::unique_ptr<Run> written(const std::string& path, const std::set<std::uint64_t>& keys) {
    Blocks blocks;
    const std::vector<std::uint64_t> sorted(keys.begin(), keys.end());
    blocks.add(sorted);
    RunWriter writer(path);
    writer.add(blocks);
    return writer.finish(true);
}

std::set<std::uint64_t> all_of(const Run& run) {
    std::set<std::uint64_t> keys;
    Run::Reader reader(run, 0, run.blocks());
    for (auto some = reader.next(); !some.empty(); some = reader.next())
        for (std::uint64_t key : some) CHECK(keys.insert(key).second && *keys.rbegin() == key);
    return keys;
}

// Found in memory and in runs, and held against what is known; by so many threads.
void what_is_new_is_what_a_set_says(unsigned threads) {
    std::mt19937_64 random(threads);
    const std::string folder = a_new_folder();
    for (int trial = 0; trial < 6; ++trial) {
        const std::uint64_t span = trial % 3 == 0 ? 60'000 : ~std::uint64_t{0} >> random() % 40;
        const auto some = [&](std::size_t most) {
            std::set<std::uint64_t> keys;
            for (std::size_t size = random() % most; size > 0; --size) keys.insert(random() % span);
            return keys;
        };
        std::set<std::uint64_t> all, old;
        std::vector<std::vector<std::uint64_t>> in_memory;
        for (int at = 0; at < 3; ++at) {
            const auto keys = some(20'000);
            in_memory.emplace_back(keys.begin(), keys.end());
            all.insert(keys.begin(), keys.end());
        }
        std::vector<std::unique_ptr<Run>> runs;
        std::vector<const Run*> found, known;
        for (int at = 0; at < 2 + trial % 4; ++at) {
            std::set<std::uint64_t> keys = some(at % 2 == 0 ? 10'000 : 50);
            if (at < 2) {
                all.insert(keys.begin(), keys.end());
            } else {  // what is known is known once, and half of it is found again
                std::erase_if(keys, [&](std::uint64_t key) { return old.contains(key); });
                for (std::uint64_t key : all)
                    if (key % 5 == static_cast<unsigned>(at) && !old.contains(key)) keys.insert(key);
                old.insert(keys.begin(), keys.end());
            }
            if (keys.empty()) continue;
            runs.push_back(written(folder + "/" + std::to_string(at), keys));
            (at < 2 ? found : known).push_back(runs.back().get());
        }
        std::erase_if(all, [&](std::uint64_t key) { return old.contains(key); });
        NewKeys keys({in_memory.begin(), in_memory.end()}, found, known);
        RunWriter writer(folder + "/new");
        std::atomic<bool> stop{false};
        std::atomic<std::size_t> visited{0};
        in_threads(threads, stop,
                   [&](std::size_t) { keys.write(writer, stop, [&](std::uint64_t) { ++visited; }); },
                   [] {});
        const auto run = writer.finish(true);
        CHECK(all_of(*run) == all && run->size() == all.size() && visited == all.size());
        CHECK(all_of(Run(run->path(), run->extent())) == all);  // and when it is opened again
    }
    std::filesystem::remove_all(folder);
}

// Whatever word of it is changed, and wherever it is cut: when it is opened, or when it is read.
void a_run_that_was_changed_is_refused() {
    std::mt19937_64 random(3);
    const std::string folder = a_new_folder(), path = folder + "/run";
    std::set<std::uint64_t> keys;
    for (int at = 0; at < 1'300; ++at) keys.insert(random() >> 30);
    const Extent extent = written(path, keys)->extent();
    std::string content(extent.words * 8, 0);
    std::ifstream(path, std::ios::binary).read(content.data(), std::ssize(content));
    const auto is_refused = [&](const std::string& changed) {
        std::ofstream(path, std::ios::binary) << changed;
        try {
            all_of(Run(path, extent));
        } catch (const Damaged& error) {
            return std::string(error.what()).starts_with(path + ": damaged: ");
        }
        return false;
    };
    CHECK(!is_refused(content));
    for (std::size_t word = 0; word < extent.words; ++word) {
        std::string changed = content;
        const std::size_t bit = random() % 64;
        changed[8 * word + bit / 8] = static_cast<char>(changed[8 * word + bit / 8] ^ 1 << bit % 8);
        CHECK(is_refused(changed));
    }
    for (const std::size_t left : {std::size_t{0}, content.size() / 2, content.size() - 1})
        CHECK(is_refused(content.substr(0, left)));
    std::filesystem::remove_all(folder);
}

// Stopped after each level or so, a search on disk goes on in another one; however little room
// there is for what it finds, it ends as one in memory.
template <class AModel>
void a_search_on_disk_is_one_in_memory(const Setting& each, const std::vector<Node>& nodes,
                                       std::size_t room, std::vector<Property> properties = {}) {
    AModel model(10, 8);
    const Found expected = Search(model, properties, each).run(nodes, 0, go_on);
    const std::string folder = a_new_folder();
    Files files;
    int stops = 0;
    for (bool is_over = false; !is_over; ++stops) {
        DiskSearch search(model, properties, each, {folder, 0, room});
        int left = 1 + stops % 3;
        if (!files.empty()) search.restore(files);
        const Found found = search.run(nodes, 0, go_on, [&](const Files& kept) {
            files = kept;
            return --left > 0;
        });
        is_over = found.ending != Ending::interrupted;
        if (!is_over) continue;
        CHECK(is_same(found, expected) && found.queue == expected.queue);
        CHECK(found.bytes > 0 && search.trouble().empty());
        if (found.ending != Ending::violated) continue;
        Search in_memory(model, properties, each);
        in_memory.run(nodes, 0, go_on);
        in_memory.find_ways(nodes, 0, go_on);
        CHECK(search.find_ways(go_on));
        for (std::uint32_t level = 0; level < found.covered_depth; ++level)
            for (Node one = 0; one < 10; ++one) {
                Shape shape{nodes, 0, {}, {}};
                shape.nodes[0] = one;
                shape.nodes[1] = level - std::min(level, one);
                CHECK(search.is_on_the_way(level, shape) == in_memory.is_on_the_way(level, shape));
            }
    }
    CHECK(stops > 2);
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        CHECK(!entry.path().filename().string().starts_with("found"));
    std::filesystem::remove_all(folder);
}

void states_on_disk_may_get_other_keys(unsigned threads) {
    // As in messages_make_the_layout_grow, and in nothing_is_too_many.
    for (const std::size_t room : {std::size_t{1}, std::size_t{1} << 20}) {
        const auto distinct = [&](Node n, std::uint64_t most) {
            Sender model(n);
            const std::string folder = a_new_folder();
            DiskSearch search(model, {}, setting(2, threads, most), {folder, 0, room});
            const Found found = search.run({0, 100}, 0, go_on, [](const Files&) { return true; });
            std::filesystem::remove_all(folder);
            return found.tally.distinct;
        };
        CHECK(distinct(10, 12) == 2047);
        CHECK(distinct(13, ~std::uint64_t{0}) == 16383);
    }
}

void a_search_on_disk_is_stopped() {
    Counters model(40);
    const std::string folder = a_new_folder();
    const auto noted = [](const Files&) { return true; };
    Setting little = setting(3, 2);
    little.memory = 1;
    DiskSearch without_memory(model, {}, little, {folder, 0});
    const Found full = without_memory.run({0, 0, 0}, 0, go_on, noted);
    CHECK(full.ending == Ending::out_of_memory && full.tally.distinct == 1);
    DiskSearch without_folder(model, {}, setting(3, 2), {folder + "/none", 0});
    const Found none = without_folder.run({0, 0, 0}, 0, go_on, noted);
    CHECK(none.ending == Ending::out_of_disk);
    CHECK(without_folder.trouble() == folder + "/none/level-0-0.bin: No such file or directory");
    DiskSearch interrupted(model, {}, setting(3, 2), {folder, 0});
    const Found stopped =
        interrupted.run({0, 0, 0}, 0, [](const Found&) { return false; }, noted);
    CHECK(stopped.ending == Ending::interrupted && stopped.tally.distinct == 1);
    Counters failing(40, ~0u, 30);
    DiskSearch failed(failing, {}, setting(3, 2), {folder, 0});
    std::string message;
    try {
        failed.run({0, 0, 0}, 0, go_on, noted);
    } catch (const std::runtime_error& error) {
        message = error.what();
    }
    CHECK(message == "the model fails");
    std::filesystem::remove_all(folder);
}

// ---- Walks

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

void hashes_are_counted_once() {
    Hashes hashes;
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> numbers{0, 0};
    for (int number = 0; number < 5000; ++number) numbers.push_back(random());
    hashes.add(numbers);
    hashes.add(numbers);
    CHECK(hashes.size() == 5001);
}

// ---- Several ranks, each in a thread of its own

struct Table {
    explicit Table(unsigned size) : size(size), place(size), brought(size) {}
    unsigned size;
    std::barrier<> place;
    std::vector<std::vector<Parcel>> brought;
};

// The models here have the same numbers in every rank, so that nothing need be replaced.
struct Seat : Peers {
    Table& table;
    unsigned number;
    Seat(Table& table, unsigned number) : table(table), number(number) {}
    unsigned rank() const override { return number; }
    unsigned size() const override { return table.size; }
    std::vector<Parcel> exchange(std::vector<Parcel> parcels) override {
        table.brought[number] = std::move(parcels);
        table.place.arrive_and_wait();
        std::vector<Parcel> result;
        for (auto& each : table.brought) result.push_back(each[number]);
        table.place.arrive_and_wait();
        return result;
    }
};

// Call with(search, rank) in each rank, of a model of its own.
template <class ModelOf, class With>
void in_ranks(unsigned ranks, const std::vector<Property>& properties, const Setting& setting,
              ModelOf model_of, With with) {
    Table table(ranks);
    std::vector<std::thread> threads;
    for (unsigned rank = 0; rank < ranks; ++rank)
        threads.emplace_back([&, rank] {
            auto model = model_of();
            Seat seat(table, rank);
            Distributed search(model, properties, setting, seat);
            with(search, rank);
        });
    for (std::thread& each : threads) each.join();
}

template <class ModelOf>
void ranks_find_what_one_finds(ModelOf model_of, const Setting& setting,
                               const std::vector<Node>& start) {
    auto model = model_of();
    const Found alone = Search(model, {}, setting).run(start, 0, go_on);
    for (unsigned ranks = 1; ranks <= 4; ++ranks) {
        std::atomic<std::uint64_t> distinct{0}, transitions{0}, lost{0};
        std::vector<Found> found(ranks);
        in_ranks(ranks, {}, setting, model_of, [&](Distributed& search, unsigned rank) {
            found[rank] = search.run(start, 0, go_on);
            distinct += found[rank].tally.distinct;
            transitions += found[rank].tally.transitions;
            lost += found[rank].tally.lost;
        });
        CHECK(distinct == alone.tally.distinct);
        CHECK(transitions == alone.tally.transitions);
        CHECK(lost == alone.tally.lost);
        for (const Found& each : found) {
            CHECK(each.ending == Ending::covered);
            CHECK(each.depth == alone.depth && each.covered_depth == alone.covered_depth);
            CHECK(ranks == 1 || each.tally.distinct < alone.tally.distinct);
        }
    }
}

void every_rank_knows_all_ways() {
    Property never_five{};
    never_five.kind = Kind::state;
    never_five.slots = 1;
    never_five.states = true;
    in_ranks(3, {never_five}, setting(3, 1), [] { return Counters(40, 5); },
             [](Distributed& search, unsigned) {
                 const Found found = search.run({0, 0, 0}, 0, go_on);
                 CHECK(found.ending == Ending::violated);
                 CHECK(found.covered_depth == 5 && found.depth == 6);
                 CHECK(search.find_ways({0, 0, 0}, 0, go_on));
                 CHECK(search.is_on_the_way(4, {{0, 4, 0}, 0, {}, {}}));
                 CHECK(!search.is_on_the_way(4, {{2, 2, 0}, 0, {}, {}}));
             });
}

void what_stops_one_rank_stops_all() {
    std::atomic<int> thrown{0}, interrupted{0};
    in_ranks(3, {}, setting(3, 1), [] { return Counters(40, ~0u, 7); },
             [&](Distributed& search, unsigned) {
                 try {
                     interrupted += search.run({0, 0, 0}, 0, go_on).ending == Ending::interrupted;
                 } catch (const std::runtime_error&) {
                     ++thrown;
                 }
             });
    CHECK(thrown >= 1 && thrown + interrupted == 3);
    in_ranks(3, {}, setting(3, 1), [] { return Counters(40); },
             [&](Distributed& search, unsigned rank) {
                 const auto beat = [&](const Found&) { return rank != 1; };
                 CHECK(search.run({0, 0, 0}, 0, beat).ending == Ending::interrupted);
             });
}

void a_parcel_that_is_cut_short_is_refused() {
    std::vector<std::uint8_t> bytes;
    for (std::uint64_t number : {0ull, 127ull, 128ull, ~0ull}) put(bytes, number);
    Numbers whole(bytes);
    for (std::uint64_t number : {0ull, 127ull, 128ull, ~0ull}) CHECK(whole.next() == number);
    bytes.pop_back();
    Numbers cut(bytes);
    for (int each = 0; each < 3; ++each) cut.next();
    bool refused = false;
    try {
        cut.next();
    } catch (const std::runtime_error&) {
        refused = true;
    }
    CHECK(refused);
}

}  // namespace

int main() {
    growth_keeps_exactly_the_same_set(Visited::initial_capacity, 1);
    growth_keeps_exactly_the_same_set(std::size_t{1} << 18, 3);
    threads_count_each_key_once();
    equal_sequences_have_one_number();
    a_network_that_is_a_set_is_sorted<PackedNetworks>();
    a_network_that_is_a_set_is_sorted<InternedNetworks>();
    a_network_of_queues_keeps_the_order_of_each_channel<PackedNetworks>();
    a_network_of_queues_keeps_the_order_of_each_channel<InternedNetworks>();
    a_network_that_holds_nothing<PackedNetworks>();
    a_network_that_holds_nothing<InternedNetworks>();
    the_least_renaming_is_the_same_either_way();
    a_network_has_one_number();
    a_layout_is_packed_while_it_can_be();
    receipts_and_stable_are_read_while_they_grow();
    a_layout_may_have_no_bits_for_messages();
    a_layout_gives_back_what_was_placed();
    counters_reach_every_combination();
    symmetry_leaves_one_of_each_orbit();
    symmetry_leaves_one_of_each_map();
    a_swap_that_is_none_is_refused();
    renamings_are_made_of_swaps();
    messages_make_the_layout_grow();
    a_violation_ends_the_search_at_its_level();
    memory_and_heartbeat_stop_a_search();
    what_the_model_throws_is_thrown_by_the_search();
    every_fault_is_counted();
    a_bound_on_faults_may_take_32_bits();
    nothing_is_too_many();
    a_question_that_failed_is_asked_again();
    for (unsigned threads : {1, 2, 3}) {
        a_search_that_is_stopped_goes_on<Counters>(setting(3, threads), {0, 0, 0});
        a_search_that_is_stopped_goes_on<Sender>(setting(2, threads, 3, {1, 1, 1}), {0, 100});
    }
    a_file_that_was_changed_is_refused();
    coded_keys_are_read_as_they_were_added();
    neighbours_take_two_bits();
    keys_are_sorted_in_place();
    a_run_that_was_changed_is_refused();
    for (unsigned threads : {1, 3}) {
        what_is_new_is_what_a_set_says(threads);
        states_on_disk_may_get_other_keys(threads);
        for (const std::size_t room : {std::size_t{1}, std::size_t{1} << 20}) {
            a_search_on_disk_is_one_in_memory<Counters>(setting(3, threads), {0, 0, 0}, room);
            a_search_on_disk_is_one_in_memory<Sender>(setting(2, threads, 3, {1, 1, 1}), {0, 100},
                                                      room);
            a_search_on_disk_is_one_in_memory<Counters>(setting(3, threads), {0, 0, 0}, room,
                                                        {of_servers(false)});
        }
    }
    a_search_on_disk_is_stopped();
    a_walk_depends_on_its_seed_alone();
    what_is_known_is_not_asked_again();
    a_walk_ends_where_nothing_is_enabled();
    a_walk_ends_with_a_violation();
    a_walk_throws_what_the_model_throws();
    hashes_are_counted_once();
    ranks_find_what_one_finds([] { return Counters(40); }, setting(3, 1), {0, 0, 0});
    ranks_find_what_one_finds([] { return Sender(60); }, setting(2, 2, 3, {1, 1, 1}), {0, 100});
    ranks_find_what_one_finds([] { return Sender(11); }, setting(2, 1, 80, {1, 1, 0}), {0, 100});
    every_rank_knows_all_ways();
    what_stops_one_rank_stops_all();
    a_parcel_that_is_cut_short_is_refused();
    if (failures == 0) std::puts("all tests of the core pass");
    return failures != 0;
}
