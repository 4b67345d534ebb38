// Opens a plan's page in headless Chromium and does what a reader does. Prints what it saw as JSON.
// node check.mjs PLAYWRIGHT CHROMIUM PAGE SCREENSHOTS
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [playwright, executablePath, page_path, shots] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(playwright);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
const seen = { errors: [], requests: [], dialogs: 0 };
page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
page.on("pageerror", (error) => seen.errors.push(String(error)));
page.on("request", (request) => seen.requests.push(request.url()));
page.on("dialog", (dialog) => { seen.dialogs += 1; dialog.dismiss(); });
await page.goto(pathToFileURL(page_path).href);

const shown = () => page.locator(".e:visible").count();
const toggle = (name) => page.getByRole("button", { name, exact: true }).click();
seen.all = await shown();
seen.filtered = {};
for (const name of ["risk", "create", "delete", "dashboard", "monitor", "payments"]) {
  await toggle(name);
  seen.filtered[name] = await shown();
  await toggle(name);
}
await toggle("create");
await toggle("dashboard");
seen.both = await shown();
await toggle("create");
await toggle("dashboard");
await page.keyboard.press("/");
await page.getByRole("searchbox").pressSequentially("errors-of-payments");
seen.searched = await shown();
seen.status = await page.getByRole("status").textContent();
await page.keyboard.press("Escape");
seen.cleared = await shown();
await page.keyboard.press("o");
seen.open = await page.locator("details.e[open]").count();
seen.drawings = await page.getByRole("img").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
seen.widgets = await page.locator("[data-widget]").evaluateAll((all) => all.map((one) => [one.getAttribute("class"), one.dataset.widget]));
seen.overflow = [];
for (const [width, scheme] of [[1200, "light"], [390, "dark"]]) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
  seen.overflow.push(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
  await page.screenshot({ path: `${shots}/${width}.png`, fullPage: true });
}
await browser.close();
console.log(JSON.stringify(seen));
