// Tests of the search of rows: its tables, its keys, and that it finds what a plain search finds.
#include <map>
#include <random>
#include <set>

#include "row_search.hpp"
#include "support.hpp"

namespace explorer::row_tests {
namespace {

void what_was_answered_is_found() {
    for (std::size_t width : {0, 1, 2, 3, 7}) {
        Answers answers(width);
        std::mt19937 random(1);
        std::map<std::vector<Word>, Word> expected;
        for (Word trial = 0; trial < 2000; ++trial) {
            std::vector<Word> question(width);
            for (Word& each : question) each = random() % 5;
            const Word* found = answers.find(question.data());
            const auto known = expected.find(question);
            CHECK((found == nullptr) == (known == expected.end()));
            if (found != nullptr)
                CHECK(*found == known->second);
            else
                answers.add(question.data(), expected[question] = trial);
        }
        CHECK(answers.size() == expected.size());
        answers.clear();
        CHECK(answers.find(std::vector<Word>(width).data()) == nullptr);
    }
}

// A function of a row that looks at few of its places, as a tree that is not written down: what it
// reads next is mixed from what it has read so far.
Word answer_of(const std::vector<Word>& row, std::vector<Word>& reads) {
    std::uint64_t seen = 7;
    for (int depth = 0; depth < 6 && seen % 5 != 0; ++depth) {
        const Word place = static_cast<Word>(seen % row.size());
        reads.push_back(place);
        seen = mixed(seen ^ row[place]);
    }
    return static_cast<Word>(seen % 1000);
}

void a_decision_depends_on_what_was_read_and_no_more() {
    Decisions decisions;
    const Word other = decisions.plant(), root = decisions.plant();
    std::mt19937 random(3);
    std::vector<Word> row(9);
    const auto read = [&](Word place) { return row[place]; };
    int asked = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        for (Word& each : row) each = random() % 3;
        std::vector<Word> reads;
        const Word expected = answer_of(row, reads);
        const auto found = decisions.find(root, read);
        if (found) CHECK(*found == expected);
        if (!found) CHECK(++asked && decisions.add(root, read, reads, expected));
        CHECK(!decisions.find(other, read));
        CHECK(decisions.find(root, read) == expected);
    }
    CHECK(asked <= 3 * 3 * 3 * 3 * 3 * 3);  // of 3^9 rows
    const std::size_t size = decisions.size();
    for (Word& each : row) each = 0;
    const std::vector<Word> none, wrong{8};
    CHECK(!decisions.add(root, read, none, 1) && !decisions.add(root, read, wrong, 1));
    CHECK(decisions.size() == size);
    decisions.clear();
    CHECK(!decisions.find(decisions.plant(), read));
}

void a_key_is_one_row() {
    for (std::size_t width : {1, 2, 3, 5, 8, 13}) {
        RowKeys keys(width);
        std::mt19937 random(2);
        std::map<std::vector<Word>, std::uint64_t> known;
        std::set<std::uint64_t> distinct;
        Parts like(keys.parts());
        keys.key(like);
        for (int trial = 0; trial < 3000; ++trial) {
            std::vector<Word> row(width);
            for (Word& each : row) each = random() % 4 == 0 ? 0xfffffffd - random() % 3 : 0;
            Parts parts = row, alike = like;
            parts.resize(keys.parts());
            std::copy(row.begin(), row.end(), alike.begin());
            const std::uint64_t key = keys.key(parts);
            CHECK(key != 0 && keys.key(alike, like) == key && alike == parts);
            CHECK(known.emplace(row, key).first->second == key);
            distinct.insert(key);
            Parts back;
            keys.parts_of(key, back);
            CHECK(back == parts);
            like = parts;
        }
        CHECK(distinct.size() == known.size());
    }
}

// Places count up to a limit, each by an action of its own that reads it alone, and one number moves
// from place to place, by an action that picks where to.
struct Counting : RowModel {
    Word places, limit;
    Word thrower = ~0u, forbidden = ~0u;  // numbers at the first place
    bool is_remembered = true;
    int questions = 0;
    Counting(Word places, Word limit) : places(places), limit(limit) {}

    RowSetting setting() const {
        RowSetting setting;
        setting.places = places + 1;
        for (Word place = 0; place < places; ++place)
            setting.actions.push_back({{place}, {}, !is_remembered});
        setting.actions.push_back({{places}, {{}}, false});
        setting.conditions = {{{0}, {}}};
        setting.invariants = {0};
        setting.check_deadlock = false;
        setting.memory = std::size_t{1} << 32;
        return setting;
    }
    std::optional<bool> may_pick(Word, Row row) override { return row[places] != limit; }
    std::optional<std::vector<Word>> elements(Word, Word, Row) override {
        ++questions;
        std::vector<Word> all;
        for (Word each = 0; each <= limit; ++each) all.push_back(each);
        return all;
    }
    std::optional<std::vector<Path>> paths(Word action, Row row, Elements picked) override {
        ++questions;
        if (action == places) {  // there, unless the first place has counted as far already
            Path path{false, {{places, picked[0]}}, {{picked[0], Residual::test, {{0, false}}}}};
            return std::vector<Path>{path};
        }
        if (action == 0 && row[0] == thrower) return std::nullopt;
        if (row[action] == limit) return std::vector<Path>{};
        return std::vector<Path>{{false, {{action, row[action] + 1}}, {}}};
    }
    // Of traced actions: each looks at its own place, and the last one at itself and the first.
    RowSetting traced_setting() const {
        RowSetting setting = this->setting();
        for (RowSetting::Action& each : setting.actions)
            each = {{}, each.sets, false, true, !each.sets.empty()};
        setting.conditions = {{{}, {}, true}};
        return setting;
    }
    Traced<bool> traced_may_pick(Word action, Row row) override {
        ++questions;
        return {{action}, may_pick(action, row)};
    }
    Traced<std::vector<Path>> traced_paths(Word action, Row row, Elements picked) override {
        return {action == places ? std::vector<Word>{} : std::vector<Word>{action},
                paths(action, row, picked)};
    }
    Traced<bool> traced_holds(Word condition, Row before, Row after) override {
        return {{places + 1, 0}, holds(condition, before, after)};
    }
    // The number of a row that is one variable.
    Word whole(Word, Row row) override {
        Word number = 0;
        for (Word each : row) number = number * (limit + 1) + each;
        return number;
    }
    std::optional<Word> residual(Word number, Row before, Row) override {
        return before[0] <= number;
    }
    std::optional<std::vector<std::vector<Word>>> computed(Word action, Row row) override {
        ++questions;
        std::vector<std::vector<Word>> found;
        if (row[action] < limit) {
            found.emplace_back(row.begin(), row.end());
            ++found[0][action];
        }
        return found;
    }
    std::optional<bool> holds(Word, Row before, Row) override { return before[0] != forbidden; }
    std::optional<Word> view(Row row) override { return row[0]; }
    std::pair<Word, Word> least(Word renamings, Word number) override { return {number, renamings}; }
    int forgotten = 0;
    void forget() override { ++forgotten; }
};

// What a plain search finds of the same.
std::size_t states_of(const Counting& model) {
    std::set<std::vector<Word>> known{std::vector<Word>(model.places + 1)};
    std::vector<std::vector<Word>> waiting(known.begin(), known.end());
    for (std::size_t at = 0; at < waiting.size(); ++at) {
        const std::vector<Word> before = waiting[at];
        const auto add = [&](Word place, Word number) {
            std::vector<Word> after = before;
            after[place] = number;
            if (known.insert(after).second) waiting.push_back(after);
        };
        for (Word place = 0; place < model.places; ++place)
            if (before[place] < model.limit) add(place, before[place] + 1);
        if (before[model.places] != model.limit)
            for (Word to = before[0]; to <= model.limit; ++to) add(model.places, to);
    }
    return known.size();
}

std::size_t searched(RowSearch& search, const Counting& model) {
    const Parts first(model.places + 1);
    search.keep(first, first, ~Word{0});
    std::size_t done = 0;
    while (done < search.size()) {
        const std::size_t end = search.size(), left = search.expand(done, end);
        if (left < end) return left;
        done = end;
    }
    return done;
}

void all_that_a_plain_search_finds() {
    for (bool is_remembered : {true, false}) {
        Counting model(4, 5);
        model.is_remembered = is_remembered;
        RowSearch search(model, model.setting());
        CHECK(searched(search, model) == states_of(model));
        CHECK(search.size() == states_of(model));
        std::uint64_t distinct = 1;
        for (const RowSearch::Count& each : search.counts()) distinct += each.distinct;
        CHECK(distinct == search.size());
        CHECK(is_remembered == (model.questions < 200));
        for (std::size_t number = 1; number < search.size(); ++number)
            CHECK(search.parent(number) < number);
    }
}

void what_is_forgotten_is_asked_anew() {
    for (bool is_traced : {true, false}) {
        Counting model(4, 5);
        RowSetting setting = is_traced ? model.traced_setting() : model.setting();
        setting.most_answers = 20;
        RowSearch search(model, setting);
        CHECK(searched(search, model) == states_of(model));
        CHECK(model.forgotten > 10);
    }
}

void answers_that_tell_what_they_depend_on() {
    Counting model(4, 5);
    RowSearch search(model, model.traced_setting());
    CHECK(searched(search, model) == states_of(model));
    CHECK(model.questions < 100);
    for (int what = 0; what < 2; ++what) {
        Counting failing(3, 4);
        (what == 0 ? failing.thrower : failing.forbidden) = 2;
        RowSearch left(failing, failing.traced_setting());
        const std::size_t number = searched(left, failing);
        CHECK(number < left.size() && left.row(number)[0] == (what == 0 ? 2 : 1));
    }
}

void a_row_that_does_not_fit_is_left() {
    Counting model(3, 4);
    RowSetting setting = model.setting();
    setting.last_places = {3};  // which is 0 at first
    RowSearch search(model, setting);
    CHECK(searched(search, model) == 0);
}

void a_variable_of_several_places_has_one_image() {
    Counting model(3, 4);
    RowSetting setting = model.setting();
    setting.groups = {{0, 1, 2, 3}};
    setting.is_symmetric = true;
    RowSearch search(model, setting);
    search.keep(Parts(1), Parts(4), ~Word{0});
    std::size_t done = 0;
    while (done < search.size()) done = search.expand(done, search.size());
    CHECK(done == states_of(model));
}

void a_state_of_which_more_is_to_be_said_is_left() {
    for (int what = 0; what < 2; ++what) {
        Counting model(3, 4);
        (what == 0 ? model.thrower : model.forbidden) = 2;
        RowSearch search(model, model.setting());
        const std::size_t left = searched(search, model);
        CHECK(left < search.size());
        CHECK(search.row(left)[0] == (what == 0 ? 2 : 1));
        const std::size_t size = search.size();
        CHECK(search.expand(left, size) == left && search.size() == size);  // and nothing was kept of it
    }
}

void states_that_look_the_same_are_one() {
    Counting model(3, 4);
    RowSetting setting = model.setting();
    setting.view = std::vector<Word>{0};
    RowSearch search(model, setting);
    CHECK(searched(search, model) == 5);
}

}  // namespace

void run() {
    what_was_answered_is_found();
    a_decision_depends_on_what_was_read_and_no_more();
    a_key_is_one_row();
    all_that_a_plain_search_finds();
    what_is_forgotten_is_asked_anew();
    answers_that_tell_what_they_depend_on();
    a_row_that_does_not_fit_is_left();
    a_variable_of_several_places_has_one_image();
    a_state_of_which_more_is_to_be_said_is_left();
    states_that_look_the_same_are_one();
}

}  // namespace explorer::row_tests
