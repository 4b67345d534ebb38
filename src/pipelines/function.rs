//! Lambda functions, as `aws lambda list-functions` prints them.

use super::view::View;

/// One function.
pub struct Function<'a> {
    pub view: View<'a>,
    pub name: &'a str,
    /// Variables of its environment.
    pub variables: Option<View<'a>>,
    /// ARNs of its layers.
    pub layers: Vec<View<'a>>,
}

/// The account that Datadog publishes its layers from, and that of AWS GovCloud.
pub const ACCOUNTS: [&str; 2] = ["464622532012", "002406178527"];

impl<'a> Function<'a> {
    /// Those of a document: `{"Functions": […]}`, a list of them, or one.
    pub fn read(root: &View<'a>) -> Vec<Self> {
        let list = root.get("Functions").unwrap_or_else(|| root.clone());
        let one = root.get("Configuration").unwrap_or_else(|| root.clone());
        let mut all: Vec<View<'a>> = list.items().collect();
        if all.is_empty() {
            all.push(one);
        }
        all.into_iter().filter_map(Self::one).collect()
    }

    fn one(view: View<'a>) -> Option<Self> {
        let name = view.get("FunctionName")?.text()?;
        let told = ["FunctionArn", "Runtime", "Handler", "PackageType", "Environment", "Layers"];
        if !told.iter().any(|key| view.get(key).is_some()) {
            return None;
        }
        let layers = view.list("Layers").into_iter();
        // As the API answers, or as a request has them.
        let layers =
            layers.filter_map(|layer| layer.get("Arn").or(Some(layer))).filter(|arn| arn.text().is_some());
        Some(Self { name, variables: view.at("Environment/Variables"), layers: layers.collect(), view })
    }

    pub fn variable(&self, name: &str) -> Option<View<'a>> {
        self.variables.as_ref()?.get(name)
    }

    /// What a variable says; in lower case.
    pub fn says(&self, name: &str) -> Option<String> {
        Some(self.variable(name)?.scalar()?.to_ascii_lowercase())
    }

    pub fn is_off(&self, name: &str) -> bool {
        self.says(name).is_some_and(|value| matches!(value.as_str(), "false" | "0"))
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.says(name).is_some_and(|value| matches!(value.as_str(), "true" | "1"))
    }

    pub fn runtime(&self) -> &'a str {
        self.view.get("Runtime").and_then(|runtime| runtime.text()).unwrap_or_default()
    }

    /// What is in an image can't be seen.
    pub fn is_image(&self) -> bool {
        self.view.get("PackageType").and_then(|of| of.text()) == Some("Image")
    }

    /// Datadog's layers of it.
    pub fn datadog_layers(&self) -> Vec<Layer<'a>> {
        self.layers.iter().filter_map(Layer::read).filter(Layer::is_datadog).collect()
    }

    pub fn has_extension(&self) -> bool {
        self.datadog_layers().iter().any(|layer| layer.name.starts_with("Datadog-Extension"))
    }
}

/// A layer's ARN, taken apart.
pub struct Layer<'a> {
    pub view: View<'a>,
    pub region: &'a str,
    pub account: &'a str,
    pub name: &'a str,
}

impl<'a> Layer<'a> {
    fn read(view: &View<'a>) -> Option<Self> {
        let mut parts = view.text()?.split(':').skip(3);
        let (region, account) = (parts.next()?, parts.next()?);
        let name = parts.nth(1)?;
        Some(Self { view: view.clone(), region, account, name })
    }

    fn is_datadog(&self) -> bool {
        self.name.starts_with("Datadog-") || self.name.starts_with("dd-trace-")
    }
}
