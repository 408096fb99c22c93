//! What is given to the threads is served, also after one of them died.
//!
//! Owns: threads that serve numbers.
//! Must not know: connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Limits, Workers};
use crate::config::Config;

const LONG: Duration = Duration::from_secs(20);

/// What is done with what was given.
enum Order {
    /// Say which thread serves it, and end when told.
    Stay(oneshot::Receiver<()>),
    /// As [`Order::Stay`], and end by a panic.
    PanicInside,
    /// Panic before the serving begins: with it the thread ends.
    PanicOutside,
}

/// Lives for as long as what it is given with.
struct Place(Arc<AtomicUsize>);

type Given = (Order, Place);

struct Rig {
    workers: Workers<Given>,
    served_by: UnboundedReceiver<ThreadId>,
    /// Given and not dropped.
    open: Arc<AtomicUsize>,
}

// === impl Place ===

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

// === impl Rig ===

impl Rig {
    fn new(threads: usize) -> Self {
        let (tell, served_by) = unbounded_channel();
        let limits = Limits::of(&Config::default());
        let workers = Workers::start(threads, &limits, move || serving(tell.clone())).unwrap();
        Self { workers, served_by, open: Arc::default() }
    }

    fn give(&mut self, order: Order) {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.workers.give((order, Place(Arc::clone(&self.open))));
    }

    /// Gives one that stays; answers who serves it and how to end it.
    async fn stay(&mut self) -> (ThreadId, oneshot::Sender<()>) {
        let (end, told) = oneshot::channel();
        self.give(Order::Stay(told));
        (self.next().await, end)
    }

    async fn next(&mut self) -> ThreadId {
        timeout(LONG, self.served_by.recv()).await.expect("it is served").expect("a thread")
    }

    /// Waits until so many are left of what was given.
    async fn left(&self, n: usize) {
        let look = async {
            while self.open.load(Ordering::SeqCst) != n {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let now = || self.open.load(Ordering::SeqCst);
        assert!(timeout(LONG, look).await.is_ok(), "{} are left, not {n}", now());
    }

    /// Ends one of the threads, and waits until nothing of it is left.
    async fn kill_one(&mut self, left: usize) {
        self.give(Order::PanicOutside);
        self.left(left).await;
        let dead = async {
            while !self.workers.workers.iter().any(|it| it.thread.is_finished()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LONG, dead).await.expect("the thread ends");
    }
}

fn serving(
    tell: UnboundedSender<ThreadId>,
) -> impl Fn(Given) -> futures_util::future::BoxFuture<'static, ()> {
    move |(order, place)| {
        assert!(!matches!(order, Order::PanicOutside), "on purpose");
        let tell = tell.clone();
        Box::pin(async move {
            let _place = place;
            tell.send(std::thread::current().id()).unwrap();
            match order {
                Order::Stay(told) => drop(told.await),
                Order::PanicInside | Order::PanicOutside => panic!("on purpose"),
            }
        })
    }
}

#[tokio::test]
async fn each_is_given_to_the_thread_that_has_the_fewest() {
    let mut rig = Rig::new(3);
    let mut held = Vec::new();
    for _ in 0..9 {
        held.push(rig.stay().await);
    }
    for (thread, _) in &held {
        assert_eq!(held.iter().filter(|(it, _)| it == thread).count(), 3);
    }
    // Two of one thread end: it gets the next two.
    let (freed, _) = held.remove(0);
    let at = held.iter().position(|(it, _)| *it == freed).unwrap();
    held.remove(at);
    rig.left(7).await;
    let busy = |it: &super::Worker<Given>| it.busy.load(Ordering::SeqCst);
    while rig.workers.workers.iter().map(busy).sum::<usize>() != 7 {
        tokio::task::yield_now().await;
    }
    let next = [rig.stay().await, rig.stay().await];
    assert!(next.iter().all(|(it, _)| *it == freed));
    drop((held, next));
    rig.workers.end().await.end();
    assert_eq!(rig.open.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_panic_of_one_ends_nothing_but_that_one() {
    let mut rig = Rig::new(1);
    let (thread, end) = rig.stay().await;
    rig.give(Order::PanicInside);
    assert_eq!(rig.next().await, thread);
    rig.left(1).await;
    assert_eq!(rig.stay().await.0, thread, "it serves on");
    drop(end);
    rig.workers.end().await.end();
    assert_eq!(rig.open.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_thread_that_dies_gives_its_places_back_and_another_is_started() {
    let mut rig = Rig::new(2);
    let (first, _one) = rig.stay().await;
    let (second, _two) = rig.stay().await;
    assert_ne!(first, second);
    // One of the two goes with the thread.
    rig.kill_one(1).await;
    let (third, _three) = rig.stay().await;
    assert!(third != first && third != second, "another thread serves");
    let served: Vec<_> = [rig.stay().await, rig.stay().await].into_iter().collect();
    assert!(served.iter().any(|(it, _)| *it == third), "it has its share");
    assert!(served.iter().any(|(it, _)| *it != third), "and so has the one that lives");
    assert!(rig.workers.workers.iter().all(|it| !it.is_dead()));
    drop((_one, _two, _three, served));
    rig.workers.end().await.end();
    assert_eq!(rig.open.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn when_all_have_died_all_are_started_again() {
    let mut rig = Rig::new(1);
    for _ in 0..3 {
        rig.kill_one(0).await;
        let (_, end) = rig.stay().await;
        drop(end);
        rig.left(0).await;
    }
    rig.workers.end().await.end();
}

#[tokio::test]
async fn threads_that_died_do_not_hold_up_the_end() {
    let mut rig = Rig::new(2);
    rig.kill_one(0).await;
    let end = async { rig.workers.end().await.end() };
    timeout(LONG, end).await.expect("it ends");
}
