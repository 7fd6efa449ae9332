// Tests of what a search stores: sets, numbers, networks, layouts, renamings.
#include <random>
#include <set>
#include <thread>
#include <unordered_set>

#include "edges.hpp"
#include "hashes.hpp"
#include "interned_network.hpp"
#include "packed_network.hpp"
#include "settled.hpp"
#include "state_key.hpp"
#include "support.hpp"
#include "visited.hpp"

namespace explorer::tables_tests {
namespace {

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
struct Talk : Quiet {
    std::array<std::uint8_t, 2> channel(Message m) override {
        return {0, static_cast<std::uint8_t>(m % 3)};
    }
    static Message swapped(Message m) { return m % 3 == 0 ? m + 1 : m % 3 == 1 ? m - 1 : m; }
    Message rename_message(std::uint32_t, Message m) override { return swapped(m); }
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

void a_bound_on_faults_may_take_32_bits() {
    const Layout layout(8, {32, 0, 0}, 1);
    CHECK(layout.faults(0xFFFFFFFFull << 8 | 3, 0) == 0xFFFFFFFF);
    CHECK(layout.servers(0xFFFFFFFFull << 8 | 3) == 3);
    const Layout full(30, {32, 2, 0}, 1);  // nothing is left for the third fault
    CHECK(full.faults(~0ull, 2) == 0 && full.one(2) == 0 && full.faults(~0ull, 1) == 3);
}

void what_is_settled_is_so_of_all_that_is_read() {
    Settled settled;
    CHECK(settled.knows({{1, 2}, 0, {}, {}}, nullptr));  // of nothing, all
    Property property{};
    property.slots = 1;
    property.history = property.faults_after[1] = true;
    settled.add(property);
    const Shape before{{1, 2}, 7, {}, {}}, after{{1, 3}, 8, {0, 1, 0}, {}};
    CHECK(!settled.knows(before, &after));
    CHECK(!settled.knows(before, &after));  // it is so when it is said
    settled.settle();
    CHECK(settled.knows(before, &after));
    Shape other_history = before, other_faults = after, other_server = after, not_read = after;
    other_history.history = 8;
    other_faults.faults[1] = 2;
    other_server.nodes[1] = 4;
    not_read.history = 9;
    not_read.faults[0] = 5;
    CHECK(!settled.knows(other_history, &after));
    CHECK(!settled.knows(before, &other_faults));
    CHECK(!settled.knows(before, &other_server));
    CHECK(!settled.knows({{2, 1}, 7, {}, {}}, &after));  // at another position
    CHECK(settled.knows(before, &not_read));
    settled.forget();
    CHECK(!settled.knows(before, &after));
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

}  // namespace

void run() {
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
    renamings_are_made_of_swaps();
    a_bound_on_faults_may_take_32_bits();
    what_is_settled_is_so_of_all_that_is_read();
    hashes_are_counted_once();
}

}  // namespace explorer::tables_tests
