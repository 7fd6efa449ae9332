// What a search needs of whoever keeps what it has found, so that it can go on another time.
#pragma once

#include "level.hpp"

namespace explorer {

// How far a level is: what of it is left to expand, and what was found of the next one.
struct Front {
    Level level, next;
    bool is_inside = false;  // something of the level was expanded
    bool is_violated = false;
};

// Everything here is called while no thread of the search is at work.
class Keeper {
   public:
    virtual ~Keeper() = default;

    virtual void begin() = 0;        // the initial state alone was found
    virtual void end_of_level() = 0;  // what is the next level now will be taken apart
    virtual void have_other_keys() = 0;  // every state has another key now
    virtual bool is_due() const = 0;
    virtual bool keep() = 0;  // false: the search shall stop
};

}  // namespace explorer
