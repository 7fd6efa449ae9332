// Tests of states on disk: runs of sorted keys, and the search over them.
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "on_disk.hpp"
#include "search.hpp"
#include "support.hpp"

namespace explorer::disk_tests {
namespace {

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
        CHECK(search.find_ways(go_on) == Ending::violated);
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

// Two servers that are alike count to 10, the second half of it aloud: a node is twice how far it is,
// and who.
struct Talkers : Quiet {
    static constexpr Node last = 10;
    std::vector<LocalStep> actions(Node node) override {
        const bool is_aloud = node >= last;
        return {{node + 2, is_aloud ? std::vector<Message>{node + 2} : std::vector<Message>{}, 0, 0, {}}};
    }
    std::array<std::uint8_t, 2> channel(Message message) override {
        const auto who = static_cast<std::uint8_t>(message % 2);
        return {who, static_cast<std::uint8_t>(1 - who)};
    }
    Node rename_node(std::uint32_t, Node node) override { return node ^ 1; }
    Message rename_message(std::uint32_t, Message message) override { return message ^ 1; }
    bool holds(std::uint32_t, std::span<const std::uint8_t> at, const Shape& state, const Shape*) override {
        return state.nodes[at[0]] / 2 < last;
    }
};

// A way may be asked about under names that were never met, for which keys have no room.
void a_way_on_disk_is_found_under_other_names() {
    Talkers model;
    Setting each = setting(2, 1, 12);
    each.renamed = {2, 0};
    // Of who is ahead the five messages are met, and of the other, as it is called then, none.
    CHECK(messages_at_first(each) == 7);
    const std::string folder = a_new_folder();
    DiskSearch search(model, {of_servers(false)}, each, {folder, 0, 1});
    const Found found = search.run({0, 1}, 0, go_on, [](const Files&) { return true; });
    CHECK(found.ending == Ending::violated && found.covered_depth == Talkers::last);
    CHECK(search.find_ways(go_on) == Ending::violated);
    for (const Node who : {0, 1}) {
        Shape state{{0, 1}, 0, {}, {}};
        for (Node far = 0; far < Talkers::last; ++far) {
            CHECK(search.is_on_the_way(far, state));
            if ((state.nodes[who] += 2) / 2 > Talkers::last / 2)
                state.messages.push_back(state.nodes[who]);
        }
        CHECK(!search.is_on_the_way(Talkers::last - 1, state));
    }
    std::filesystem::remove_all(folder);
}

// So many runs as there are pieces of what is found: a run is open while it is read only.
void there_may_be_more_runs_than_open_files() {
    rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit few{40, limit.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    const std::string folder = a_new_folder();
    Counters model(20);
    DiskSearch search(model, {}, setting(3, 1), {folder, 0, 1});
    const Found found = search.run({0, 0, 0}, 0, go_on, [](const Files&) { return true; });
    CHECK(found.ending == Ending::covered && search.trouble().empty());
    CHECK(found.tally.distinct == 8'000 && found.depth == 58);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    std::filesystem::remove_all(folder);
}

// Other keys for what is on disk need memory, too; before they are begun, it is asked for.
void keys_that_are_outgrown_need_memory() {
    struct Greedy : Sender {
        using Sender::Sender;
        std::vector<char> taken;
        std::vector<LocalStep> actions(Node node) override {
            if (node == 7) taken.assign(std::size_t{1} << 28, 1);  // its message is the first too many
            return Sender::actions(node);
        }
    } model(10);
    Setting each = setting(2, 1, 12);
    CHECK(messages_at_first(each) == 7);
    each.memory = resident_bytes() + (std::size_t{1} << 27);
    const std::string folder = a_new_folder();
    DiskSearch search(model, {}, each, {folder, 0, 1});
    Files files;
    const Found found =
        search.run({0, 100}, 0, go_on, [&](const Files& kept) { return files = kept, true; });
    CHECK(found.ending == Ending::out_of_memory);
    each.memory = setting(2, 1).memory;
    DiskSearch with_memory(model, {}, each, {folder, 0, 1});
    with_memory.restore(files);
    const auto noted = [](const Files&) { return true; };
    CHECK(with_memory.run({0, 100}, 0, go_on, noted).tally.distinct == 2047);
    std::filesystem::remove_all(folder);
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

}  // namespace

void run() {
    coded_keys_are_read_as_they_were_added();
    neighbours_take_two_bits();
    keys_are_sorted_in_place();
    a_run_that_was_changed_is_refused();
    for (unsigned threads : thread_counts) {
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
    a_way_on_disk_is_found_under_other_names();
    there_may_be_more_runs_than_open_files();
    keys_that_are_outgrown_need_memory();
    a_search_on_disk_is_stopped();
}

}  // namespace explorer::disk_tests
