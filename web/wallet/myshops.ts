// The screens about a person's own shops, which are loaded as one.
export { NewShop } from "./ShopNew";
export { ShopPage, Shops } from "./Shops";
export { SignInPage, WorkPage } from "./Work";
export { Takings } from "./Takings";
