//! What befalls the parts on purpose: killed, halted, and started again.

use anyhow::Context;
use nix::sys::signal::Signal;

use super::Parts;

impl Parts {
    /// Kills the oldest worker with SIGKILL, at once and without a word. Answers its process id.
    ///
    /// # Errors
    ///
    /// Fails when there is none, or it cannot be killed.
    pub async fn kill_worker(&mut self) -> anyhow::Result<u32> {
        anyhow::ensure!(!self.workers.is_empty(), "there is no worker to kill");
        let mut worker = self.workers.remove(0);
        let id = worker.id().context("the worker has ended by itself")?;
        worker.kill().await?;
        Ok(id)
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Kills a worker, by its place from 0, with SIGKILL.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be killed.
    pub async fn strike_worker(&mut self, place: usize) -> anyhow::Result<()> {
        if let Some(worker) = self.workers.get_mut(place) {
            worker.kill().await?;
        }
        Ok(())
    }

    /// Kills the API with SIGKILL.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be killed.
    pub async fn strike_api(&mut self) -> anyhow::Result<()> {
        if let Some(api) = self.processes.iter_mut().find(|one| one.name() == "api") {
            api.kill().await?;
        }
        Ok(())
    }

    /// Halts a worker where it stands (SIGSTOP), or lets it go on (SIGCONT).
    pub fn halt_worker(&self, place: usize, is_halted: bool) {
        let signal = if is_halted {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        };
        if let Some(worker) = self.workers.get(place) {
            worker.signal(signal);
        }
    }

    /// Lets every worker go on that may be halted.
    pub fn resume_workers(&self) {
        for place in 0..self.workers.len() {
            self.halt_worker(place, false);
        }
    }

    /// Starts the API and the workers again that have ended. Answers how many had.
    ///
    /// # Errors
    ///
    /// Fails when one cannot be started, or when the sandbox has ended: the bank forgets everything with it.
    pub fn mend(&mut self) -> anyhow::Result<u64> {
        let mut mended = 0;
        for process in self.processes.iter_mut().chain(&mut self.workers) {
            let Some(status) = process.ended()? else {
                continue;
            };
            let log = self.starter.log(process.name());
            anyhow::ensure!(
                process.name() != "sandbox",
                "the sandbox ended with {status}; its log: {}",
                log.display()
            );
            self.starter.start_again(process)?;
            mended += 1;
        }
        Ok(mended)
    }
}
