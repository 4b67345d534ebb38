// Opens a heat map in headless Chromium and does what a reader does. Prints what it saw as JSON.
// node heat.mjs PLAYWRIGHT CHROMIUM PAGE SCREENSHOTS
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [playwright, executablePath, page_path, shots] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(playwright);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
const seen = { errors: [], requests: 0, dialogs: 0, overflow: [] };
page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
page.on("pageerror", (error) => seen.errors.push(String(error)));
page.on("request", () => { seen.requests += 1; });
page.on("dialog", (dialog) => { seen.dialogs += 1; dialog.dismiss(); });
await page.goto(pathToFileURL(page_path).href);

const shown = () => page.locator(".heat tbody tr:visible").count();
seen.all = await shown();
seen.errors_column = {};
for (const shade of ["green", "red"]) seen.errors_column[shade] = await page.locator(`.heat tbody tr td:nth-child(4).${shade}`).count();
await page.getByLabel("tier").selectOption("critical");
seen.tier = await shown();
await page.getByLabel("tier").selectOption("");
await page.keyboard.press("/");
await page.getByRole("searchbox").pressSequentially("f-39");
seen.searched = await shown();
await page.keyboard.press("Escape");
await page.locator(".heat tbody tr:first-child td.green").first().hover();
seen.proof = await page.locator("#proof").textContent();
for (const [name, width, scheme] of [["heat-wide", 1200, "light"], ["heat-narrow", 420, "dark"]]) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 900 });
  seen.overflow.push(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
  await page.screenshot({ path: `${shots}/${name}.png` });
}
console.log(JSON.stringify(seen));
await browser.close();
