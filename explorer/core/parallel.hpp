// Threads that work until all is done, and somebody who looks in now and then.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace explorer {

// Run work(0) to work(count - 1), each in a thread of its own, and return when all have ended. Until
// then `tick` is called several times a second. What either throws sets `stop`, and is thrown here.
template <class Work, class Tick>
void in_threads(std::size_t count, std::atomic<bool>& stop, Work work, Tick tick) {
    std::exception_ptr failure, stopped;
    std::size_t running = count;
    std::mutex mutex;
    std::condition_variable done;
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < count; ++number)
        threads.emplace_back([&, number] {
            std::exception_ptr own;
            try {
                work(number);
            } catch (...) {
                own = std::current_exception();
                stop = true;
            }
            std::lock_guard lock(mutex);
            if (own && !failure) failure = own;
            if (--running == 0) done.notify_one();
        });
    {
        std::unique_lock lock(mutex);
        while (!done.wait_for(lock, std::chrono::milliseconds(100), [&] { return running == 0; })) {
            lock.unlock();
            try {
                if (!stop) tick();
            } catch (...) {
                stopped = std::current_exception();
                stop = true;
            }
            lock.lock();
        }
    }
    for (std::thread& each : threads) each.join();
    for (const std::exception_ptr& each : {stopped, failure})
        if (each) std::rethrow_exception(each);
}

}  // namespace explorer
