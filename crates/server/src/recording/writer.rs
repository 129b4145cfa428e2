//! The writer: the owner of the files of all recordings that go on.
//!
//! Shape: [`Work::pass`] takes what reels hold, writes samples and then the head, and looks after the disk.
//! Time: told. Passes come every [`TICK`] while anything is recorded.
//! Errors: a file that takes no more ends its recording in order: it is cut to what it holds, its head says so, and the recorder is told
//! by the end of its reel. With too little room on the disk all recordings end so, before the database is in want.
//!
//! The head is written after the samples it counts: a process that is killed between the two leaves a file that opens and misses a
//! block, which the next start finds ([`super::recovery`]). The last line of the sidecar is written when the sound is on the medium.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use antiphon_media::record::{Block, Reading, RecordEnd, Recorded, Reel, wav};
use tokio::sync::{mpsc, oneshot};

use super::{
    Order,
    disk::{Disk, Output},
    end_word,
    flusher::{Flusher, Job, Names},
    retention,
    shelf::Shelf,
    sidecar::{self, Entry, Kind},
};
use crate::settings::RecordingSettings;

/// How often reels are looked at while anything is recorded.
const TICK: Duration = Duration::from_millis(20);
/// How often while nothing is.
const IDLE: Duration = Duration::from_secs(10);
/// How often the disk is looked at, and what was written is flushed.
const FLUSH: Duration = Duration::from_secs(1);
/// How often old recordings are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// A recording to be written.
pub(crate) struct Opening {
    pub(super) entry: Entry,
    pub(super) reel: Reel,
    /// It is not kept when it is shorter.
    pub(super) least: Duration,
}

/// A recording that is written.
struct Running {
    entry: Entry,
    reel: Reel,
    least: Duration,
    sound: Arc<dyn Output>,
    sidecar: Arc<dyn Output>,
    /// Where the sidecar's next line goes.
    line_at: u64,
    /// Whether anything was written since the last flush.
    dirty: bool,
    /// Whether what says whose it is was never flushed: without it the sound is nobody's.
    new: bool,
}

/// The writer's own side.
pub struct Work {
    disk: Arc<dyn Disk>,
    shelf: Arc<Shelf>,
    settings: RecordingSettings,
    pub(super) orders: mpsc::Receiver<Order>,
    running: Vec<Running>,
    settling: Vec<oneshot::Sender<()>>,
    flusher: Flusher,
    flushed: Option<Instant>,
    swept: Option<Instant>,
    buffer: Vec<u8>,
}

impl Work {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        shelf: Arc<Shelf>,
        settings: RecordingSettings,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        let flusher = Flusher::new(disk.clone());
        Self {
            disk,
            shelf,
            settings,
            orders,
            running: Vec::new(),
            settling: Vec::new(),
            flusher,
            flushed: None,
            swept: None,
            buffer: Vec::new(),
        }
    }

    /// Waits for the disk on a thread of its own from now on.
    pub(super) fn start_flusher(&mut self) -> io::Result<()> {
        self.flusher.start()
    }

    /// Does everything that is due, and says when to come again.
    pub fn pass(&mut self, now: Instant) -> Instant {
        while let Ok(order) = self.orders.try_recv() {
            self.apply(order);
        }
        let is_due = |last: Option<Instant>, every| last.is_none_or(|last| now >= last + every);
        if is_due(self.swept, SWEEP) {
            self.swept = Some(now);
            retention::sweep(&*self.disk, &self.shelf, &self.settings, SystemTime::now());
        }
        self.write();
        if is_due(self.flushed, FLUSH) {
            self.flushed = Some(now);
            self.look_at_the_disk();
            self.flush();
        }
        if self.running.is_empty() {
            self.settling.drain(..).for_each(|reply| self.flusher.give(Job::Tell(reply)));
        }
        now + if self.running.is_empty() { IDLE } else { TICK }
    }

    /// Carries out one order.
    pub(super) fn apply(&mut self, order: Order) {
        match order {
            Order::Settle(reply) => self.settling.push(reply),
            Order::Open(opening) => {
                let id = opening.entry.id;
                match Running::open(&*self.disk, *opening) {
                    Ok(running) => self.running.push(running),
                    Err(error) => {
                        tracing::error!(%error, recording = %id, "a recording could not be begun");
                        count("storage");
                        self.discard(id);
                    }
                }
                self.gauge();
            }
        }
    }

    /// Writes what the reels hold.
    fn write(&mut self) {
        let before = self.running.len();
        for index in (0..before).rev() {
            let running = &mut self.running[index];
            match running.write(&mut self.buffer) {
                Ok(None) => {}
                Ok(Some(recorded)) => {
                    let running = self.running.swap_remove(index);
                    self.end(running, recorded);
                }
                Err(error) => {
                    let running = self.running.swap_remove(index);
                    tracing::error!(%error, recording = %running.entry.id, "a recording could not be written; it ends");
                    self.end_by_storage(running);
                }
            }
        }
        if self.running.len() != before {
            self.gauge();
        }
    }

    /// Ends everything when the disk has too little room for it, and lets nothing begin.
    fn look_at_the_disk(&mut self) {
        let free = self.disk.free();
        // A disk that does not say is as good as an empty one: writing tells.
        let has_space = free.map_or(true, |free| free >= self.settings.min_free);
        if self.shelf.has_space() != has_space {
            self.shelf.set_space(has_space);
            match has_space {
                true => tracing::info!("the disk has room for recordings again"),
                false => tracing::error!(
                    least = self.settings.min_free,
                    "the disk has too little room: recordings end, and none begins"
                ),
            }
        }
        if !has_space {
            for running in std::mem::take(&mut self.running) {
                self.end_by_storage(running);
            }
            self.gauge();
        }
    }

    fn flush(&mut self) {
        let (mut files, mut names) = (Vec::new(), Names::Known);
        for running in &mut self.running {
            if std::mem::take(&mut running.new) {
                files.push(running.sidecar.clone());
                names = Names::New;
            }
            if std::mem::take(&mut running.dirty) {
                files.push(running.sound.clone());
                self.shelf.update(running.entry.clone());
            }
        }
        if !files.is_empty() {
            self.flusher.give(Job::Flush(files, names));
        }
    }

    /// A recording whose file takes no more keeps what it has.
    fn end_by_storage(&mut self, running: Running) {
        let length = running.entry.duration();
        let why = RecordEnd::Storage;
        self.end(running, Recorded { why, length, sounded: length, lost: Duration::ZERO });
    }

    fn end(&mut self, mut running: Running, recorded: Recorded) {
        let id = running.entry.id;
        let kept = recorded.reaches(running.least);
        let made = if kept { running.finish(&recorded) } else { Ok(()) };
        if let Err(error) = &made {
            tracing::error!(%error, recording = %id, "the end of a recording could not be written");
        }
        if !kept || running.entry.samples == 0 {
            self.discard(id);
        } else {
            let line = running.entry.second_line();
            let Running { sound, sidecar, line_at, .. } = running;
            self.shelf.update(running.entry.clone());
            if running.entry.of.left.is_some() {
                self.shelf.tell(id);
            }
            self.flusher.give(Job::Finish { sound, sidecar, at: line_at, line });
        }
        let why = end_word(recorded.why);
        count(why);
        let (ms, lost_ms) = (recorded.length.as_millis() as u64, recorded.lost.as_millis() as u64);
        let call_id = running.entry.of.call;
        tracing::info!(recording = %id, %call_id, why, ms, lost_ms, kept, "recording ended");
        if lost_ms > 0 {
            metrics::counter!("antiphon_recording_lost_milliseconds_total").increment(lost_ms);
            tracing::warn!(recording = %id, lost_ms, "the disk was too slow for a recording; it is silent there");
        }
    }

    /// Nothing is left of a recording.
    fn discard(&self, id: antiphon_media::record::RecordingId) {
        if let Err(error) = self.shelf.remove(&*self.disk, id) {
            tracing::error!(%error, recording = %id, "the files of a recording that is not kept could not be removed");
            self.shelf.forget(id);
        }
    }

    fn gauge(&self) {
        metrics::gauge!("antiphon_recordings_active").set(self.running.len() as f64);
    }
}

fn count(why: &'static str) {
    metrics::counter!("antiphon_recordings_total", "ended" => why).increment(1);
}

impl Running {
    /// Makes the files: what says whose it is first.
    fn open(disk: &dyn Disk, opening: Opening) -> io::Result<Self> {
        let Opening { entry, reel, least } = opening;
        let first = entry.first_line();
        let sidecar = disk.create(&sidecar::sidecar_name(entry.id), &first)?;
        let sound = disk.create(&sidecar::sound_name(entry.id), &entry.format.head(0))?;
        let kind = match entry.of.kind {
            Kind::Call => "call",
            Kind::Message => "message",
        };
        tracing::info!(recording = %entry.id, call_id = %entry.of.call, kind, "recording begins");
        Ok(Self { entry, reel, least, sound, sidecar, line_at: first.len() as u64, dirty: true, new: true })
    }

    /// Writes what the reel holds; what is returned is its end.
    fn write(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Recorded>> {
        let before = self.entry.samples;
        let ended = loop {
            match self.reel.read() {
                Reading::Nothing => break None,
                Reading::Ended(recorded) => break Some(recorded),
                Reading::Block(block) => {
                    let written = self.write_block(&block, buffer);
                    self.reel.give_back(block);
                    written?;
                }
            }
        };
        if self.entry.samples != before {
            self.dirty = true;
            self.sound.write_at(0, &self.entry.format.head(self.entry.samples))?;
        }
        Ok(ended)
    }

    fn write_block(&mut self, block: &Block, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.clear();
        buffer.extend(block.samples().iter().flat_map(|sample| sample.to_le_bytes()));
        let at = block.at * self.entry.format.frame();
        self.sound.write_at(wav::HEAD + at, buffer)?;
        self.entry.samples = at + buffer.len() as u64;
        Ok(())
    }

    /// Makes the file as long as the recording, and no longer than what could be written.
    fn finish(&mut self, recorded: &Recorded) -> io::Result<()> {
        let format = self.entry.format;
        // What is silent at the end because no block was there was never written, and what is left out there was.
        let samples = match recorded.why {
            RecordEnd::Storage => self.entry.samples,
            _ => format.rate.samples(recorded.length) * format.frame(),
        };
        self.entry.ended(recorded, samples);
        let cut = self.sound.set_length(wav::HEAD + samples);
        let head = self.sound.write_at(0, &format.head(samples));
        cut.and(head)
    }
}
