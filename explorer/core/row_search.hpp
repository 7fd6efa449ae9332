// Breadth-first search through rows of numbers, whose steps are looked up in tables.
//
// States are expanded in the order in which they were found. A state out of which some step violates
// anything, fails, or cannot be told by tables is left as it is, and somebody else expands it: so the
// search does what is ordinary, and nothing that it does needs to be taken back.
#pragma once

#include <array>
#include <limits>
#include <new>

#include "answers.hpp"
#include "decisions.hpp"
#include "known_paths.hpp"
#include "memory.hpp"
#include "row_images.hpp"
#include "row_keys.hpp"
#include "row_model.hpp"
#include "visited.hpp"

namespace explorer {

class RowSearch {
   public:
    struct Count {
        std::uint64_t generated = 0, distinct = 0;
    };

    RowSearch(RowModel& model, RowSetting setting)
        : model_(model), setting_(std::move(setting)), keys_(setting_.places),
          images_(model, setting_, keys_), visited_(setting_.memory),
          counts_(setting_.actions.size()),
          views_(setting_.view ? setting_.view->size() : 0) {
        for (const RowSetting::Action& each : setting_.actions) actions_.emplace_back(each);
        for (const RowSetting::Condition& each : setting_.conditions)
            verdicts_.emplace_back(each.reads.size() + each.reads_after.size());
        forget();
    }

    // ---- States, by their numbers

    std::size_t size() const { return order_.size(); }
    Parts row(std::size_t number) const {
        Parts found;
        keys_.parts_of(order_[number], found);
        found.resize(setting_.places);
        return found;
    }
    // From which state one was first reached.
    Word parent(std::size_t number) const { return parents_[number]; }

    // Keep a state, whose key is that of another row if states count as one.
    void keep(Parts key, Parts row, Word parent) {
        make_room(1);
        const std::uint64_t found = key_of_all(key);
        visited_.insert(found, visited_.home(found));
        row.resize(keys_.parts());
        add(keys_.key(row), parent);
    }
    bool is_known(Parts key) { return visited_.contains(key_of_all(key)); }

    const std::vector<Count>& counts() const { return counts_; }
    std::uint64_t asked() const { return asked_ + images_.asked(); }

    // ---- Steps

    // Take all steps out of the states from one on until before another one. Returns the first state
    // that is left as it is, or the end.
    std::size_t expand(std::size_t from, std::size_t end) {
        for (; from < end; ++from) {
            if (answers_ > setting_.most_answers) {
                forget();
                model_.forget();
            }
            keys_.parts_of(order_[from], before_);
            taken_ = 0;
            if (setting_.is_symmetric) images_.expect_like(before_);
            if (!fits() || !take_steps() || !is_ordinary()) return from;
            keep_steps(static_cast<Word>(from));
        }
        return end;
    }

   private:
    static constexpr Word failed = ~Word{0};
    static constexpr std::uint64_t trial = 2000;  // so often an action is asked for before it is judged

    struct List {
        Word begin = 0, size = 0;
    };
    struct Act {
        explicit Act(const RowSetting::Action& from)
            : reads(from.reads), is_computed(from.is_computed), is_traced(from.is_traced),
              has_guard(from.has_guard), first(from.reads.size()),
              picked(1 + from.sets.size()), lists(from.sets.size()) {
            for (const std::vector<Word>& each : from.sets) sets.emplace_back(each, each.size());
        }
        struct Set {
            Set(std::vector<Word> reads, std::size_t width) : reads(std::move(reads)), known(width) {}
            std::vector<Word> reads;
            Answers known;
        };
        std::vector<Word> reads;
        bool is_computed, is_traced, has_guard;
        // From what is read to paths; or, if it picks elements, to a number.
        Answers first;
        // From this number and elements to paths; if it is traced, to a tree of decisions.
        Answers picked;
        Word guard = failed;  // the tree that decides whether to pick, if it is traced
        std::vector<Set> sets;
        std::vector<List> lists;  // the elements of the sets in the state at hand
        std::uint64_t asked = 0, computed = 0;
    };
    struct Step {
        Word action = 0;
        std::uint64_t key = 0, row_key = 0;
        bool is_new = false;
        Parts row;
    };

    // ---- Questions

    const Word* gathered(const std::vector<Word>& places, const Parts& row) {
        question_.clear();
        for (Word place : places) question_.push_back(row[place]);
        return question_.data();
    }
    RowModel::Row row_of(const Parts& parts) const { return {parts.data(), setting_.places}; }

    void remember(Answers& answers, Word answer) {
        answers.add(question_.data(), answer);
        ++answers_;
    }

    // ---- All steps out of the state at hand; false where somebody else has to take them

    bool fits() const {
        return std::none_of(setting_.last_places.begin(), setting_.last_places.end(),
                            [this](Word place) { return before_[place] == 0; });
    }

    bool take_steps() {
        for (Word action = 0; action < actions_.size(); ++action) {
            Act& act = actions_[action];
            const bool is_done = act.is_computed    ? compute(action)
                                 : act.sets.empty() && !act.is_traced ? take(action, act)
                                                                      : take_for_all(action, act);
            if (!is_done) return false;
        }
        return true;
    }

    bool compute(Word action) {
        ++asked_;
        const auto rows = model_.computed(action, row_of(before_));
        if (!rows) return false;
        for (const std::vector<Word>& each : *rows) {
            Step& step = next(action);
            std::copy(each.begin(), each.end(), step.row.begin());
            add(step);
        }
        return true;
    }

    bool take(Word action, Act& act) {
        ++act.asked;
        const Word* known = act.first.find(gathered(act.reads, before_));
        return follow(known != nullptr ? *known : ask(action, act, act.first, {}), action);
    }

    bool take_for_all(Word action, Act& act) {
        const Word number = act.is_traced ? may_pick(action, act) : number_of_picks(action, act);
        if (number == failed) return false;
        if (number == 0) return true;
        for (std::size_t at = 0; at < act.sets.size(); ++at) {
            Act::Set& set = act.sets[at];
            const Word* list = set.known.find(gathered(set.reads, before_));
            const Word found = list != nullptr ? *list : ask_for_elements(action, at, set);
            if (found == failed) return false;
            act.lists[at] = elements_[found];
        }
        picked_.assign(1, number);
        return take_for_each(action, act, 0);
    }

    bool take_for_each(Word action, Act& act, std::size_t at) {
        if (at == act.sets.size()) {
            ++act.asked;
            if (act.is_traced) return follow(decided(action, act), action);
            const Word* known = act.picked.find(picked_.data());
            if (known != nullptr) return follow(*known, action);
            question_ = picked_;
            return follow(ask(action, act, act.picked, {picked_.data() + 1, at}), action);
        }
        for (Word place = 0; place < act.lists[at].size; ++place) {
            picked_.push_back(numbers_[act.lists[at].begin + place]);
            const bool is_done = take_for_each(action, act, at + 1);
            picked_.pop_back();
            if (!is_done) return false;
        }
        return true;
    }

    Word ask(Word action, Act& act, Answers& answers, RowModel::Elements picked) {
        count_computed(act);
        const auto paths = model_.paths(action, row_of(before_), picked);
        const Word found = paths ? known_.add(*paths) : failed;
        remember(answers, found);
        return found;
    }
    void count_computed(Act& act) {
        ++asked_;
        // An action of which next to nothing is met again is not remembered.
        if (++act.computed % trial == 0 && act.computed * 8 > act.asked * 7) act.is_computed = true;
    }
    Word number_of_picks(Word action, Act& act) {
        if (const Word* known = act.first.find(gathered(act.reads, before_))) return *known;
        ++asked_;
        const auto may = model_.may_pick(action, row_of(before_));
        const Word number = !may ? failed : *may ? static_cast<Word>(++picks_) : 0;
        remember(act.first, number);
        return number;
    }
    Word ask_for_elements(Word action, std::size_t at, Act::Set& set) {
        ++asked_;
        const auto found = model_.elements(action, static_cast<Word>(at), row_of(before_));
        if (found) {
            elements_.push_back({static_cast<Word>(numbers_.size()), static_cast<Word>(found->size())});
            numbers_.insert(numbers_.end(), found->begin(), found->end());
        }
        const Word number = found ? static_cast<Word>(elements_.size() - 1) : failed;
        remember(set.known, number);
        return number;
    }

    // The same of an action whose answers are traced.
    Word may_pick(Word action, Act& act) {
        if (!act.has_guard) return 1;
        const auto read = [this](Word place) { return before_[place]; };
        if (const auto known = decisions_.find(act.guard, read)) return *known;
        ++asked_;
        const auto [reads, may] = model_.traced_may_pick(action, row_of(before_));
        return remember(act.guard, read, reads, may ? Word{*may} : failed);
    }
    Word decided(Word action, Act& act) {
        const Word* tree = act.picked.find(picked_.data());
        const Word root = tree != nullptr ? *tree : decisions_.plant();
        if (tree == nullptr) {
            question_ = picked_;
            remember(act.picked, root);
        }
        const auto read = [this](Word place) { return before_[place]; };
        if (const auto known = decisions_.find(root, read)) return *known;
        count_computed(act);
        const RowModel::Elements picked{picked_.data() + 1, picked_.size() - 1};
        const auto [reads, paths] = model_.traced_paths(action, row_of(before_), picked);
        return remember(root, read, reads, paths ? known_.add(*paths) : failed);
    }
    template <class Read>
    Word remember(Word tree, const Read& read, const std::vector<Word>& reads, Word answer) {
        const std::size_t before = decisions_.size();
        decisions_.add(tree, read, reads, answer);
        answers_ += decisions_.size() - before;
        return answer;
    }

    // Follow the paths of a list.
    bool follow(Word list, Word action) {
        if (list == failed) return false;
        for (const KnownPaths::KnownPath& path : known_.paths(list))
            if (!follow(path, action)) return false;
        return true;
    }
    bool follow(const KnownPaths::KnownPath& path, Word action) {
        Step& step = next(action);
        for (const auto& [place, number] : known_.changes(path)) step.row[place] = number;
        for (Word each : known_.residuals(path)) {
            const KnownPaths::KnownResidual& residual = known_.residual(each);
            const Word result = result_of(residual, step.row);
            if (result == failed) return false;
            if (residual.to != Residual::test)
                step.row[residual.to] = result;
            else if (result == 0)
                return true;
        }
        if (!path.is_dead) add(step);
        return true;
    }
    Word result_of(const KnownPaths::KnownResidual& residual, const Parts& after) {
        question_.assign(1, residual.number);
        for (const Residual::Input input : known_.inputs(residual))
            question_.push_back((input.is_primed ? after : before_)[input.place]);
        while (results_.size() <= residual.inputs.size) results_.emplace_back(1 + results_.size());
        Answers& results = results_[residual.inputs.size];
        if (const Word* known = results.find(question_.data())) return *known;
        ++asked_;
        const auto found = model_.residual(residual.number, row_of(before_), row_of(after));
        remember(results, found.value_or(failed));
        return found.value_or(failed);
    }

    // A place for one more step, which leads nowhere else so far.
    Step& next(Word action) {
        if (taken_ == steps_.size()) steps_.emplace_back();
        Step& step = steps_[taken_];
        step.action = action;
        step.row = before_;
        return step;
    }
    void add(Step& step) {
        step.row_key = keys_.key(step.row, before_);
        ++taken_;
    }

    // ---- Keys

    // The key under which a state is known; false if there is none.
    bool find_key(Step& step) {
        step.key = step.row_key;
        if (setting_.view) {
            const Word* known = views_.find(gathered(*setting_.view, step.row));
            Word number = known != nullptr ? *known : failed;
            if (known == nullptr) {
                ++asked_;
                number = model_.view(row_of(step.row)).value_or(failed);
                remember(views_, number);
            }
            step.key = std::uint64_t{number} + 1;
            return number != failed;
        }
        if (setting_.is_symmetric) step.key = images_.key(step.row);
        return true;
    }
    std::uint64_t key_of_all(Parts& key) {
        if (setting_.view) return std::uint64_t{key[0]} + 1;
        RowKeys& keys = setting_.is_symmetric ? images_.keys() : keys_;
        key.resize(keys.parts());
        return keys.key(key);
    }

    // ---- Verdicts

    // Whether nothing is to be said of the steps taken; which of them lead to new states.
    bool is_ordinary() {
        if (taken_ == 0) return !setting_.check_deadlock;
        for (std::size_t at = 0; at < taken_; ++at) {
            if (!find_key(steps_[at])) return false;
            visited_.prefetch(visited_.home(steps_[at].key));
        }
        for (std::size_t at = 0; at < taken_; ++at)
            if (!is_ordinary(steps_[at])) return false;
        return true;
    }
    bool is_ordinary(Step& step) {
        step.is_new = !visited_.contains(step.key);
        if (step.is_new) {
            for (Word each : setting_.invariants)
                if (verdict(each, step.row, step.row) != 1) return false;
            const Word within = is_within(step);
            if (within == failed) return false;
            step.is_new = within;
        }
        for (const auto& [condition, exempt] : setting_.demands) {
            Word holds = verdict(condition, before_, step.row);
            if (holds == 0 && exempt != RowSetting::none) holds = verdict(exempt, before_, step.row);
            if (holds != 1) return false;
        }
        return true;
    }
    Word is_within(const Step& step) {
        for (Word each : setting_.constraints)
            if (const Word holds = verdict(each, step.row, step.row); holds != 1) return holds;
        for (Word each : setting_.step_constraints)
            if (const Word holds = verdict(each, before_, step.row); holds != 1) return holds;
        return 1;
    }
    Word verdict(Word number, const Parts& before, const Parts& after) {
        const RowSetting::Condition& condition = setting_.conditions[number];
        if (condition.is_traced) {
            const auto read = [&](Word place) {
                return place < setting_.places ? before[place] : after[place - setting_.places];
            };
            const Word tree = trees_[number];
            if (const auto known = decisions_.find(tree, read)) return *known;
            ++asked_;
            const auto [reads, holds] = model_.traced_holds(number, row_of(before), row_of(after));
            return remember(tree, read, reads, holds ? Word{*holds} : failed);
        }
        question_.clear();
        for (Word place : condition.reads) question_.push_back(before[place]);
        for (Word place : condition.reads_after) question_.push_back(after[place]);
        if (const Word* known = verdicts_[number].find(question_.data())) return *known;
        ++asked_;
        const auto holds = model_.holds(number, row_of(before), row_of(after));
        const Word found = holds ? Word{*holds} : failed;
        remember(verdicts_[number], found);
        return found;
    }

    // ---- Keeping

    void keep_steps(Word from) {
        make_room(taken_);
        for (std::size_t at = 0; at < taken_; ++at) {
            const Step& step = steps_[at];
            Count& count = counts_[step.action];
            ++count.generated;
            if (!step.is_new || !visited_.insert(step.key, visited_.home(step.key))) continue;
            ++count.distinct;
            add(step.row_key, from);
        }
    }
    void add(std::uint64_t row_key, Word parent) {
        order_.push_back(row_key);
        parents_.push_back(parent);
    }
    void make_room(std::size_t more) {
        if (order_.size() + more >= failed) throw std::length_error("more states than numbers");
        if (!visited_.make_room(order_.size() + more + 1024, setting_.memory, 1)) throw std::bad_alloc();
    }

    void forget() {
        decisions_.clear();
        trees_.clear();
        for (std::size_t each = 0; each < verdicts_.size(); ++each) trees_.push_back(decisions_.plant());
        for (Act& act : actions_) {
            act.first.clear();
            act.picked.clear();
            act.guard = decisions_.plant();
            for (Act::Set& each : act.sets) each.known.clear();
        }
        for (auto* each : {&results_, &verdicts_})
            for (Answers& answers : *each) answers.clear();
        views_.clear();
        known_ = {};
        elements_ = {};
        numbers_ = {};
        answers_ = picks_ = 0;
    }

    RowModel& model_;
    const RowSetting setting_;
    RowKeys keys_;
    RowImages images_;
    Visited visited_;
    std::vector<std::uint64_t> order_;  // the keys of rows, as they were found
    std::vector<Word> parents_;
    std::vector<Count> counts_;

    // What is known
    std::vector<Act> actions_;
    KnownPaths known_;
    Decisions decisions_;           // of traced actions and conditions
    std::vector<Word> trees_;       // of conditions
    std::vector<List> elements_;    // of sets, by their numbers
    std::vector<Word> numbers_;     // of elements
    std::vector<Answers> results_;  // of residuals, by how much they read
    std::vector<Answers> verdicts_;
    Answers views_;
    std::size_t answers_ = 0, picks_ = 0;
    std::uint64_t asked_ = 0;

    // The state at hand
    Parts before_;
    std::vector<Step> steps_;
    std::size_t taken_ = 0;
    std::vector<Word> question_, picked_;
};

}  // namespace explorer
