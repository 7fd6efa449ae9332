// Tests of a search by several ranks, each in a thread of its own.
#include <barrier>
#include <filesystem>
#include <thread>

#include "distributed.hpp"
#include "on_disk.hpp"
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

// Call with(seat) in each rank. What reaches rank 1 in one round may be broken.
template <class With>
void at_a_table(unsigned ranks, With with, unsigned broken = never) {
    Table table(ranks);
    std::vector<std::thread> threads;
    for (unsigned rank = 0; rank < ranks; ++rank)
        threads.emplace_back([&, rank] {
            Seat seat(table, rank, rank == 1 ? broken : never);
            try {
                with(seat);
            } catch (const LeftAlone&) {
            }
            table.has_left = true;
            table.place.arrive_and_drop();
        });
    for (std::thread& each : threads) each.join();
    CHECK(!table.is_left_alone);
}

// Call with(search, rank) in each rank, of a model of its own.
template <class ModelOf, class With>
void in_ranks(unsigned ranks, const std::vector<Property>& properties, const Setting& setting,
              ModelOf model_of, With with, unsigned broken = never) {
    at_a_table(
        ranks,
        [&](Seat& seat) {
            auto model = model_of();
            Distributed search(model, properties, setting, seat);
            with(search, seat.rank());
        },
        broken);
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

// ---- With the states on disk

Renumbering no_other_numbers() {
    Renumbering same;
    for (std::uint32_t number = 0; number < 200; ++number) {
        same.nodes.push_back(number);
        same.messages.push_back(number);
        same.histories.push_back(number);
        same.names.push_back(number);
    }
    return same;
}

// What ranks have kept, by rank; and what all of them counted together.
struct Run {
    std::string folder;
    std::vector<Files> kept;
    Tally tally;
    std::vector<Found> found;
};

std::string folder_of(const std::string& folder, unsigned rank) {
    return folder + "/" + std::to_string(rank);
}

// Search in so many ranks, which go on with an earlier run and are stopped when levels were kept so
// often; one rank alone knows that they are. Call with(search) at the end.
template <class ModelOf, class With>
Run search_on_disk(unsigned ranks, const Run& earlier, int often, std::size_t room,
                   const std::vector<Property>& properties, const Setting& each,
                   ModelOf model_of, const std::vector<Node>& start, With with) {
    Run run{a_new_folder(), std::vector<Files>(ranks), Tally(each), std::vector<Found>(ranks)};
    std::mutex mutex;
    at_a_table(ranks, [&](Seat& seat) {
        const unsigned rank = seat.rank();
        std::filesystem::create_directory(folder_of(run.folder, rank));
        auto model = model_of();
        DiskSearch search(model, properties, each, {folder_of(run.folder, rank), 0, room}, seat);
        int left = often;
        const auto commit = [&](const Files& files) {
            run.kept[rank] = files;
            return rank > 0 || --left != 0;
        };
        std::deque<DiskSearch> before;
        std::vector<std::pair<DiskSearch*, Renumbering>> legacies;
        std::optional<DiskSearch::Reached> reached;
        for (unsigned old = 0; old < earlier.kept.size(); ++old) {
            auto& one = before.emplace_back(model, properties, each,
                                            DiskSearch::Options{folder_of(earlier.folder, old), 0});
            one.restore(earlier.kept[old]);
            reached = one.reached_before();
            if (old % ranks == rank) legacies.emplace_back(&one, no_other_numbers());
        }
        Found found;
        if (reached) found = search.adopt(std::move(legacies), *reached, go_on, commit);
        if (found.ending == Ending::covered) found = search.run(start, 0, go_on, commit);
        run.found[rank] = found;
        with(search);
        std::lock_guard lock(mutex);
        run.tally.add(found.tally);
    });
    for (const Found& each : run.found) {
        CHECK(each.ending == run.found[0].ending && each.depth == run.found[0].depth);
        CHECK(each.covered_depth == run.found[0].covered_depth);
        CHECK(each.queue == run.found[0].queue);
    }
    return run;
}

// Stopped and gone on with, each time by another number of ranks, a search counts what one counts
// that is alone.
template <class ModelOf>
void ranks_on_disk_find_what_one_finds(ModelOf model_of, const Setting& each,
                                       const std::vector<Node>& start, std::size_t room) {
    auto model = model_of();
    const Found alone = Search(model, {}, each).run(start, 0, go_on);
    Run run;
    int runs = 0;
    for (bool is_over = false; !is_over; ++runs) {
        const std::string before = run.folder;
        run = search_on_disk(1 + (runs + 1) % 3, run, 2 + runs % 3, room, {}, each, model_of, start,
                             [](DiskSearch&) {});
        if (!before.empty()) std::filesystem::remove_all(before);
        is_over = run.found[0].ending != Ending::interrupted;
    }
    CHECK(runs > 2);
    Found found = run.found[0];
    found.tally = run.tally;
    CHECK(is_same(found, alone));
    std::filesystem::remove_all(run.folder);
}

// In a run that goes on, and knows of other servers than the earlier one.
void ranks_on_disk_know_all_ways() {
    Run run;
    for (int runs = 0; runs < 2; ++runs) {
        const unsigned ranks = 3 - static_cast<unsigned>(runs);
        run = search_on_disk(
            ranks, run, 0, 1, {of_servers(false)}, setting(3, 1), [] { return Counters(40, 5); },
            {0, 0, 0}, [](DiskSearch& search) {
                CHECK(search.find_ways(go_on) == Ending::violated);
                CHECK(search.is_on_the_way(4, {{0, 4, 0}, 0, {}, {}}));
                CHECK(!search.is_on_the_way(4, {{2, 2, 0}, 0, {}, {}}));
            });
        CHECK(run.found[0].ending == Ending::violated);
        CHECK(run.found[0].covered_depth == 5 && run.found[0].depth == 6);
    }
    std::filesystem::remove_all(run.folder);
}

void what_stops_one_rank_on_disk_stops_all() {
    const std::string folder = a_new_folder();
    std::atomic<int> ended{0};
    at_a_table(3, [&](Seat& seat) {  // one of them has no folder
        const std::string own = folder_of(folder, seat.rank());
        if (seat.rank() != 1) std::filesystem::create_directory(own);
        Counters model(40);
        DiskSearch search(model, {}, setting(3, 1), {own, 0, 1}, seat);
        const auto noted = [](const Files&) { return true; };
        ended += search.run({0, 0, 0}, 0, go_on, noted).ending == Ending::out_of_disk;
        CHECK(search.trouble().empty() == (seat.rank() != 1));
    });
    CHECK(ended == 3);
    std::filesystem::remove_all(folder);
}

}  // namespace

void run() {
    for (const std::size_t room : {std::size_t{1}, std::size_t{1} << 20}) {
        ranks_on_disk_find_what_one_finds([] { return Counters(15); }, setting(3, 1), {0, 0, 0},
                                          room);
        ranks_on_disk_find_what_one_finds([] { return Sender(12); }, setting(2, 2, 3, {1, 1, 1}),
                                          {0, 100}, room);
        ranks_on_disk_find_what_one_finds([] { return Sender(11); }, setting(2, 1, 80), {0, 100},
                                          room);
    }
    ranks_on_disk_know_all_ways();
    what_stops_one_rank_on_disk_stops_all();
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
