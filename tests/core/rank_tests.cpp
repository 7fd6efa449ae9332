// Tests of a search by several ranks, each in a thread of its own.
#include <barrier>
#include <thread>

#include "distributed.hpp"
#include "search.hpp"
#include "support.hpp"

namespace explorer::rank_tests {
namespace {

struct Table {
    explicit Table(unsigned size) : size(size), place(size), brought(size) {}
    unsigned size;
    std::barrier<> place;
    std::vector<std::vector<Parcel>> brought;
    std::atomic<bool> has_left{false}, is_left_alone{false};
};

struct LeftAlone {};

// The models here have the same numbers in every rank, so that nothing need be replaced.
struct Seat : Peers {
    Table& table;
    unsigned number, broken, round = 0;
    Seat(Table& table, unsigned number, unsigned broken)
        : table(table), number(number), broken(broken) {}
    unsigned rank() const override { return number; }
    unsigned size() const override { return table.size; }
    std::vector<Parcel> exchange(std::vector<Parcel> parcels) override {
        table.brought[number] = std::move(parcels);
        table.place.arrive_and_wait();
        if (table.has_left) {  // with MPI, all others would wait for ever
            table.is_left_alone = true;
            throw LeftAlone();
        }
        std::vector<Parcel> result;
        for (auto& each : table.brought) result.push_back(each[number]);
        table.place.arrive_and_wait();
        if (round++ == broken) result[number == 0].bytes.pop_back();
        return result;
    }
};

constexpr unsigned never = ~0u;

// Call with(search, rank) in each rank, of a model of its own. What reaches rank 1 in one round may
// be broken.
template <class ModelOf, class With>
void in_ranks(unsigned ranks, const std::vector<Property>& properties, const Setting& setting,
              ModelOf model_of, With with, unsigned broken = never) {
    Table table(ranks);
    std::vector<std::thread> threads;
    for (unsigned rank = 0; rank < ranks; ++rank)
        threads.emplace_back([&, rank] {
            auto model = model_of();
            Seat seat(table, rank, rank == 1 ? broken : never);
            Distributed search(model, properties, setting, seat);
            try {
                with(search, rank);
            } catch (const LeftAlone&) {
            }
            table.has_left = true;
            table.place.arrive_and_drop();
        });
    for (std::thread& each : threads) each.join();
    CHECK(!table.is_left_alone);
}

template <class ModelOf>
void ranks_find_what_one_finds(ModelOf model_of, const Setting& setting,
                               const std::vector<Node>& start) {
    auto model = model_of();
    const Found alone = Search(model, {}, setting).run(start, 0, go_on);
    CHECK(model.has_had_guests(setting.threads));  // so large that those of a rank have, too
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
    in_ranks(3, {of_servers(false)}, setting(3, 1), [] { return Counters(40, 5); },
             [](Distributed& search, unsigned) {
                 const Found found = search.run({0, 0, 0}, 0, go_on);
                 CHECK(found.ending == Ending::violated);
                 CHECK(found.covered_depth == 5 && found.depth == 6);
                 CHECK(search.find_ways({0, 0, 0}, 0, go_on) == Ending::violated);
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

// It is asked when the ranks are about to meet, and while they are at work.
void a_heartbeat_that_throws_in_one_rank_ends_all() {
    std::atomic<int> thrown{0}, interrupted{0};
    in_ranks(3, {}, setting(3, 1), [] { return Counters(40); },
             [&](Distributed& search, unsigned rank) {
                 const auto beat = [&](const Found&) {
                     if (rank == 1) throw std::runtime_error("the heartbeat fails");
                     return true;
                 };
                 try {
                     interrupted += search.run({0, 0, 0}, 0, beat).ending == Ending::interrupted;
                 } catch (const std::runtime_error&) {
                     CHECK(rank == 1);
                     ++thrown;
                 }
             });
    CHECK(thrown == 1 && interrupted == 2);
}

// Whatever the round: the rank that fails throws it, if it is the last one, too, and none waits.
void a_failure_in_any_round_is_thrown_and_ends_all() {
    unsigned rounds_of_run = 0;
    bool is_last = false;
    for (unsigned broken = 0; !is_last; ++broken) {
        std::atomic<int> thrown{0};
        std::atomic<unsigned> rounds{0};
        in_ranks(3, {of_servers(false)}, setting(3, 1), [] { return Counters(8, 3); },
                 [&](Distributed& search, unsigned rank) {
                     try {
                         const Ending ending = search.run({0, 0, 0}, 0, go_on).ending;
                         const auto of_run = static_cast<unsigned>(search.postage().rounds);
                         if (broken >= of_run) {
                             CHECK(ending == Ending::violated);
                             if (rank == 1) rounds_of_run = of_run;
                             search.find_ways({0, 0, 0}, 0, go_on);
                         }
                     } catch (const std::runtime_error& error) {
                         CHECK(rank == 1 && error.what() == std::string("a broken parcel"));
                         ++thrown;
                     }
                     rounds = static_cast<unsigned>(search.postage().rounds);
                 },
                 broken);
        is_last = broken >= rounds;
        CHECK(thrown == !is_last);
        if (is_last) CHECK(broken > 2 * rounds_of_run && rounds_of_run > 6);
    }
}

// Memory is looked at several times a second: so long a question is open.
void a_search_for_ways_that_memory_stops_says_so() {
    struct Slow : Counters {
        using Counters::Counters;
        std::vector<LocalStep> actions(Node node) override {
            if (node == 3) std::this_thread::sleep_for(std::chrono::milliseconds(300));
            return Counters::actions(node);
        }
    };
    Setting little = setting(3, 1);
    little.memory = 1;
    in_ranks(2, {of_servers(false)}, little, [] { return Slow(40, 8); },
             [](Distributed& search, unsigned) {
                 CHECK(search.find_ways({0, 0, 0}, 0, go_on) == Ending::out_of_memory);
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

void run() {
    ranks_find_what_one_finds([] { return Counters(15); }, setting(3, 1), {0, 0, 0});
    ranks_find_what_one_finds([] { return Sender(25); }, setting(2, 2, 3, {1, 1, 1}), {0, 100});
    ranks_find_what_one_finds([] { return Sender(11); }, setting(2, 1, 80, {1, 1, 0}), {0, 100});
    every_rank_knows_all_ways();
    what_stops_one_rank_stops_all();
    a_heartbeat_that_throws_in_one_rank_ends_all();
    a_failure_in_any_round_is_thrown_and_ends_all();
    a_search_for_ways_that_memory_stops_says_so();
    a_parcel_that_is_cut_short_is_refused();
}

}  // namespace explorer::rank_tests
