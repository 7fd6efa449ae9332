// Tests of a search by several ranks, each in a thread of its own.
#include <barrier>
#include <thread>

#include "distributed.hpp"
#include "search.hpp"
#include "support.hpp"

using namespace explorer;

namespace {

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
    ranks_find_what_one_finds([] { return Counters(40); }, setting(3, 1), {0, 0, 0});
    ranks_find_what_one_finds([] { return Sender(60); }, setting(2, 2, 3, {1, 1, 1}), {0, 100});
    ranks_find_what_one_finds([] { return Sender(11); }, setting(2, 1, 80, {1, 1, 0}), {0, 100});
    every_rank_knows_all_ways();
    what_stops_one_rank_stops_all();
    a_parcel_that_is_cut_short_is_refused();
    return outcome("ranks");
}
