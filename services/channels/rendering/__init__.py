"""What a channel is given of a content: texts, pictures, hashtags, links and cards of products, in the shapes of its pack."""

from services.channels.rendering.renderer import PLAIN, Renderer, render
from services.channels.rendering.renditions import ProductCard, RenderedPicture, Rendition
from services.channels.rendering.texts import field_text, label

__all__ = ["PLAIN", "ProductCard", "RenderedPicture", "Renderer", "Rendition", "field_text", "label", "render"]
