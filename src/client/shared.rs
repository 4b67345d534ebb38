//! A request that is sent before somebody waits for it, and one answer for several lists that stand in one document.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::wire::{Request, Response, Wire, WireError};

/// A request that is on its way, whoever waits for it.
type Sent = Shared<BoxFuture<'static, Result<Response, WireError>>>;

/// The first answer to a request, for whoever shares it.
#[derive(Clone)]
pub struct First {
    request: Request,
    sent: Sent,
}

impl First {
    pub fn new(wire: Arc<dyn Wire>, request: Request) -> Self {
        let own = request.clone();
        let sent = async move { wire.send(&own).await }.boxed().shared();
        Self { request, sent }
    }

    /// Sends it now, and doesn't wait.
    pub fn begin(&self) {
        tokio::spawn(self.sent.clone());
    }

    /// A wire that answers this request from the first answer once: who asks again is sent to the service.
    pub fn on(&self, wire: Arc<dyn Wire>) -> Arc<dyn Wire> {
        Arc::new(Sharing { first: self.clone(), is_taken: AtomicBool::new(false), wire })
    }
}

struct Sharing {
    first: First,
    is_taken: AtomicBool,
    wire: Arc<dyn Wire>,
}

impl Wire for Sharing {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        if *request == self.first.request && !self.is_taken.swap(true, Ordering::Relaxed) {
            return self.first.sent.clone().boxed();
        }
        self.wire.send(request)
    }
}
